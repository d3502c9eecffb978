namespace CodeAgent.Api.Tests.Protocol;

/// <summary>The clock of one instance: it stands, and jumps where it is told to, back as well. What waits for a while waits in real time.</summary>
internal sealed class OwnClock(DateTimeOffset start) : TimeProvider
{
    public DateTimeOffset Now { get; set; } = start;

    public override DateTimeOffset GetUtcNow() => Now;
}
