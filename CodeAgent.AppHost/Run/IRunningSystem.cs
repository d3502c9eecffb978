namespace CodeAgent.AppHost.Run;

/// <summary>What is known of the system only while it runs; Aspire knows it in one way, the local subset in another.</summary>
internal interface IRunningSystem
{
    /// <summary>How it is run, for people.</summary>
    string Kind { get; }

    /// <summary>Where the dashboard is, with what it takes to get in, for people; null without one.</summary>
    string? Dashboard { get; }

    /// <summary>Where logs are, for people.</summary>
    string Logs { get; }

    /// <summary>Process ids by resource, replicas numbered from 1.</summary>
    IReadOnlyDictionary<string, int> Pids { get; }

    /// <summary>Raised when one of the <see cref="Pids"/> changes.</summary>
    event Action? Changed;

    /// <summary>Waits until every service is healthy.</summary>
    Task WaitUntilReadyAsync(CancellationToken cancellationToken);

    Task<string> RedisAsync(CancellationToken cancellationToken);
}
