using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Sandboxes.Bubblewrap;
using CodeAgent.Worker.Sandboxes.Containers;
using CodeAgent.Worker.Sandboxes.Limits;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>What this machine can do, tried out once.</summary>
/// <param name="Kind">The sandbox of tasks that ask for nothing.</param>
/// <param name="IsOwn">Whether it was chosen here, and not by configuration.</param>
/// <param name="Bubblewrap">The program, where it works.</param>
/// <param name="Engine">The engine for containers, where there is one.</param>
/// <param name="Homes">Where groups of processes can be made.</param>
/// <param name="Reasons">Why what would be stronger is not there, by kind.</param>
internal sealed record SandboxChoice(SandboxMode Kind, bool IsOwn, BubblewrapProgram? Bubblewrap, ContainerEngine? Engine, CgroupHomes Homes, IReadOnlyDictionary<SandboxMode, string> Reasons)
{
    /// <summary>The sandbox of a task.</summary>
    /// <param name="request">What it asks for.</param>
    /// <param name="image">The image of tasks that name none.</param>
    /// <exception cref="TaskFailedException">It cannot be had here.</exception>
    public SandboxMode KindFor(SandboxRequest? request, string? image)
    {
        var least = request?.AtLeast switch
        {
            SandboxNames.Container => SandboxMode.Container,
            SandboxNames.Bubblewrap => SandboxMode.Bubblewrap,
            _ => SandboxMode.None,
        };
        var kind = request?.Image is not null ? SandboxMode.Container : (SandboxMode)Math.Max((int)least, (int)Kind);
        if (kind == SandboxMode.Bubblewrap && Bubblewrap is null && least == kind && Engine is not null && image is not null)
        {
            kind = SandboxMode.Container;
        }

        if (kind == SandboxMode.Bubblewrap && Bubblewrap is null)
        {
            throw Unavailable(SandboxNames.Bubblewrap, Reasons[kind]);
        }

        if (kind == SandboxMode.Container && Engine is null)
        {
            throw Unavailable(SandboxNames.Container, Reasons[kind]);
        }

        return kind == SandboxMode.Container && request?.Image is null && image is null
            ? throw Unavailable(SandboxNames.Container, "neither the task (sandbox.image) nor the worker (sandbox.container.image) names an image")
            : kind;
    }

    private static TaskFailedException Unavailable(string kind, string reason) =>
        new(FailureCodes.SandboxUnavailable, $"This worker cannot run programs in the sandbox {kind}: {reason}.");

    /// <summary>Why it is none, for whoever reads a task's result; nothing where it is not.</summary>
    public string? Weakness => IsOwn && Kind == SandboxMode.None ? $"The programs of this task ran without a sandbox: {string.Join("; ", Reasons.Values)}." : null;
}
