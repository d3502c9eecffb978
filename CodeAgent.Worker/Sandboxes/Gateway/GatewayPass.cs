using System.Security.Cryptography;

namespace CodeAgent.Worker.Sandboxes.Gateway;

/// <summary>Lets the programs of one lease through to the gateway, until it is disposed of.</summary>
internal sealed class GatewayPass(string token, string traceParent, Action<GatewayPass> end) : IDisposable
{
    private readonly CancellationTokenSource _ended = new();

    /// <summary>What programs show. Random, and worth nothing anywhere else.</summary>
    public string Key { get; } = "cak_" + Convert.ToHexStringLower(RandomNumberGenerator.GetBytes(24));

    /// <summary>What the gateway is shown in its place.</summary>
    public string Token => token;

    /// <summary>The trace of calls that bring none.</summary>
    public string TraceParent => traceParent;

    /// <summary>Canceled when the lease is over: then calls under way end too.</summary>
    public CancellationToken Ended => _ended.Token;

    public void Dispose()
    {
        end(this);
        _ended.Cancel();
        _ended.Dispose();
    }
}
