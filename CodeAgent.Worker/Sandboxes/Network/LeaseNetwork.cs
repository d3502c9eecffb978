using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>How a command gets the network of its lease.</summary>
/// <param name="Prefix">What goes before the command's program.</param>
/// <param name="IsNew">Whether the command is to have a new network, with nothing in it.</param>
internal sealed record JoinedNetwork(IReadOnlyList<string> Prefix, bool IsNew);

/// <summary>The network of a lease's programs: the worker's, or none at all, or one of their own with the gateway and what is allowed.</summary>
internal sealed class LeaseNetwork : IAsyncDisposable
{
    private static readonly string[] ProxyVariables = ["HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "all_proxy", "no_proxy"];
    private readonly bool _isHost;
    private readonly NetworkHolder? _holder;
    private readonly Lazy<Task<IReadOnlyList<string>>>? _entry;

    /// <summary>A network.</summary>
    /// <param name="mode">Whose it is.</param>
    /// <param name="holder">Makes one of their own with something in it; none where nothing is to be in it.</param>
    public LeaseNetwork(SandboxNetworkMode mode, NetworkHolder? holder)
    {
        (_isHost, _holder) = (mode == SandboxNetworkMode.Host, holder);

        // Once a lease, when the first command needs it. Not under that command's own cancellation: the next one needs it too.
        _entry = holder is null ? null : new(() => holder.StartAsync(CancellationToken.None));
    }

    /// <summary>Prepares a command for it.</summary>
    public async Task<JoinedNetwork> JoinAsync(Launch launch, CancellationToken cancellationToken)
    {
        if (_isHost)
        {
            return new([], IsNew: false);
        }

        foreach (var name in ProxyVariables)
        {
            launch.Environment.Remove(name);
        }

        if (_holder is null || _entry is null)
        {
            return new([], IsNew: true);
        }

        foreach (var (name, value) in _holder.Environment)
        {
            launch.Environment[name] = value;
        }

        return new(await _entry.Value.WaitAsync(cancellationToken), IsNew: false);
    }

    public async ValueTask DisposeAsync()
    {
        if (_entry is { IsValueCreated: true })
        {
            // What is just being started is to be ended as well; whether it came about was told to whoever wanted it.
            await Task.WhenAny(_entry.Value);
        }

        await (_holder?.DisposeAsync() ?? default);
    }
}
