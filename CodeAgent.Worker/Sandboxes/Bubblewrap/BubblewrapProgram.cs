using System.Text;
using CliWrap;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Network;

namespace CodeAgent.Worker.Sandboxes.Bubblewrap;

/// <summary>The program <c>bwrap</c> of this machine, and what it can do here.</summary>
internal sealed class BubblewrapProgram
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);
    private readonly string _path;
    private readonly bool _closesUsers;

    private BubblewrapProgram(string path, bool closesUsers, IReadOnlyList<string> system) => (_path, _closesUsers, SystemFiles) = (path, closesUsers, system);

    /// <summary>The arguments for the system's files.</summary>
    public IReadOnlyList<string> SystemFiles { get; }

    /// <summary>Finds it, and runs <c>true</c> in it. Where that does not work, the reason.</summary>
    public static async Task<(BubblewrapProgram? Program, string? Reason)> FindAsync(SandboxOptions options, CancellationToken cancellationToken)
    {
        if (!OperatingSystem.IsLinux() || Shell.Find("bwrap") is not { } path)
        {
            return (null, "the program bwrap is not installed");
        }

        IReadOnlyList<string> system = [.. BubblewrapMounts.ForSystem([WorkerProgram.DotnetRoot, .. options.ReadOnly])];

        // Older versions cannot keep programs from making namespaces of users in turn.
        string? reason = null;
        foreach (var closesUsers in (bool[])[true, false])
        {
            var program = new BubblewrapProgram(path, closesUsers, system);
            reason = await program.TryAsync(cancellationToken);
            if (reason is null)
            {
                return (program, null);
            }
        }

        return (null, $"bwrap does not work here: {reason}");
    }

    /// <summary>The program and its arguments for namespaces.</summary>
    /// <param name="ownNetwork">Whether the network is a new one too, with nothing in it.</param>
    public IEnumerable<string> Namespaces(bool ownNetwork) =>
    [
        _path, "--unshare-user", .. _closesUsers ? ["--disable-userns"] : Array.Empty<string>(), "--unshare-pid", "--unshare-ipc", "--unshare-uts", "--unshare-cgroup-try",
        .. ownNetwork ? ["--unshare-net"] : Array.Empty<string>(),
        "--hostname", "sandbox", "--die-with-parent", "--new-session", "--cap-drop", "ALL", .. BubblewrapMounts.ForKernel(),
    ];

    /// <summary>The program and its arguments for what holds a network: in namespaces of users and of the network alone, because commands have to enter them.</summary>
    /// <remarks>Without <c>--dev</c>: for a user who is not root it would make a second namespace of users, from which the network of the first cannot be entered.</remarks>
    public IEnumerable<string> Network =>
        [_path, "--unshare-user", "--unshare-net", "--unshare-ipc", "--unshare-uts", "--die-with-parent", "--new-session", "--cap-drop", "ALL", "--ro-bind", "/proc", "/proc", "--dev-bind", "/dev/null", "/dev/null", "--dev-bind", "/dev/urandom", "/dev/urandom", "--tmpfs", "/tmp", .. SystemFiles];

    private async Task<string?> TryAsync(CancellationToken cancellationToken)
    {
        var errors = new StringBuilder();
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            var line = Namespaces(ownNetwork: true).Concat(SystemFiles).Concat(["--", "/bin/sh", "-c", "true"]).ToList();
            var result = await Cli.Wrap(line[0]).WithArguments(line.Skip(1)).WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors))
                .WithValidation(CommandResultValidation.None).ExecuteAsync(limit.Token);
            return result.ExitCode == 0 ? null : errors.ToString().Trim().Split('\n')[0];
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            return e.Message;
        }
    }
}
