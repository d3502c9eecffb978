namespace CodeAgent.Api.Events;

/// <summary>How events are streamed: the configuration section <c>Events</c>.</summary>
internal sealed class EventOptions
{
    public const string Section = "Events";

    /// <summary>A stream without events says so often that it is alive, and looks into the log whether something got lost. Above zero, 15 seconds by default.</summary>
    public TimeSpan Heartbeat { get; set; } = TimeSpan.FromSeconds(15);

    /// <summary>Clients that are cut off come back after this, or after up to twice as long: not all at once. 0 or more, 2 seconds by default.</summary>
    public TimeSpan Reconnect { get; set; } = TimeSpan.FromSeconds(2);

    /// <summary>When this instance stops, its watchers come back within so long after <see cref="Reconnect"/>, spread evenly. 0 or more, 10 seconds by default.</summary>
    public TimeSpan Spread { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A watcher that takes in nothing, or next to nothing, of what it is sent for so long is closed. Above zero, 30 seconds by default.</summary>
    public TimeSpan StuckAfter { get; set; } = TimeSpan.FromSeconds(30);
}
