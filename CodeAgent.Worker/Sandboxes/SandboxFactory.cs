using CodeAgent.Contracts;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Makes the sandbox of a lease.</summary>
internal sealed class SandboxFactory(ICommandRunner commands, IConfiguration configuration)
{
    /// <summary>Makes it.</summary>
    public Task<ISandbox> OpenAsync(Lease lease, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var gateway = new Uri(configuration["services:llm-gateway:http:0"] ?? "http://127.0.0.1:4000");
        return Task.FromResult<ISandbox>(new NoSandbox(commands, new(gateway, lease.Token)));
    }
}
