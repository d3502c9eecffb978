using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using CodeAgent.Worker.Sandboxes.Network;

namespace CodeAgent.Worker.Sandboxes.Bubblewrap;

/// <summary>
/// Each command in namespaces of its own: of users, processes, files, names and messages, and the network. Without any
/// capability, and with no way to get one.
/// </summary>
internal sealed class BubblewrapSandbox(CommandRunner commands, BubblewrapProgram program, SandboxOrder order, GatewayAccess gateway, LeaseNetwork network, LeaseLimits limits, IDisposable pass) : ISandbox
{
    private const string Packages = "NUGET_PACKAGES";

    public string Kind => "bubblewrap";

    public GatewayAccess Gateway => gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => commands.RunAsync(command, WrapAsync, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => commands.StartAsync(command, WrapAsync, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        pass.Dispose();
        try
        {
            await network.DisposeAsync();
        }
        finally
        {
            await limits.DisposeAsync();
        }
    }

    private async ValueTask WrapAsync(Launch launch, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(launch.Command.Directory))
        {
            throw new CommandNotStartedException($"The command could not be started: there is no folder {launch.Command.Directory}.");
        }

        launch.IsContained = true;
        var shared = order.DependencyCaches is null ? SharePackages(launch.Environment) : [];
        var joined = await network.JoinAsync(launch, cancellationToken);
        var inner = launch.Line;
        launch.Line =
        [
            .. joined.Prefix, .. program.Namespaces(ownNetwork: joined.IsNew), .. BubblewrapMounts.ForTemporary(order.Folder), .. program.SystemFiles,
            .. BubblewrapMounts.ForLease(order.Folder, [.. order.ReadOnly, .. shared]), .. Caches(), "--remount-ro", "/", "--chdir", launch.Command.Directory, "--",

            // Whether there is such a program is known inside only; a shell says it as everywhere.
            .. launch.Command.Program is null ? inner : ["/bin/sh", "-c", """exec "$0" "$@" """, .. inner],
        ];
        await limits.ApplyAsync(launch, cancellationToken);
    }

    // Whoever shares them among tasks wants them to be written: docs/isolation.md says what that means.
    private IEnumerable<string> Caches() => order.DependencyCaches is { } caches ? ["--bind-try", caches, caches] : [];

    // The worker's packages can be read, as a place to look besides the task's own: nobody writes into what others build from.
    private static IEnumerable<string> SharePackages(Dictionary<string, string?> environment)
    {
        if (!environment.Remove(Packages, out var folder) || folder is null)
        {
            return [];
        }

        environment["NUGET_FALLBACK_PACKAGES"] = folder;
        return [folder];
    }
}
