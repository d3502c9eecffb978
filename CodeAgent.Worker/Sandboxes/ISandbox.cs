using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Where the programs of one lease run: those of its agent, its tools and its checks.</summary>
internal interface ISandbox : ICommandRunner, IAsyncDisposable
{
    /// <summary>What it is: <c>none</c>, <c>bubblewrap</c> or <c>container</c>.</summary>
    string Kind { get; }

    /// <summary>How programs inside of it reach the gateway.</summary>
    GatewayAccess Gateway { get; }
}

/// <summary>How a program reaches the gateway.</summary>
/// <param name="Url">The gateway's root, without a path, as it is reached from inside the sandbox.</param>
/// <param name="Key">What it gives as its API key, in whichever header its protocol has for it. Worth nothing after the lease.</param>
internal sealed record GatewayAccess(Uri Url, string Key);
