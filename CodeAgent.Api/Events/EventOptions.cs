namespace CodeAgent.Api.Events;

/// <summary>How events are streamed: the configuration section <c>Events</c>.</summary>
internal sealed class EventOptions
{
    public const string Section = "Events";

    /// <summary>A stream without events says so often that it is alive, and looks into the log whether something got lost. Above zero, 15 seconds by default.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Clients that are cut off come back after this. 2 seconds by default.</summary>
    public TimeSpan Reconnect { get; set; } = TimeSpan.FromSeconds(2);
}
