using ModelContextProtocol.Client;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>The way to a server.</summary>
internal abstract class McpTransport : IAsyncDisposable
{
    /// <summary>Completes when the server is gone.</summary>
    public virtual Task Ended { get; } = new TaskCompletionSource().Task;

    /// <summary>The last that it complained about, for people; empty where nothing is known.</summary>
    public virtual string LastWords => "";

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">It cannot be had.</exception>
    public abstract Task<IClientTransport> OpenAsync(CancellationToken cancellationToken);

    /// <summary>Ends what was started for it.</summary>
    public virtual Task StopAsync() => Task.CompletedTask;

    public abstract ValueTask DisposeAsync();
}
