using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using Docker.DotNet.Models;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Each command in a container of its own, without capabilities, on a file system that cannot be written but for the lease's own folders.</summary>
internal sealed class ContainerSandbox(
    ContainerEngine engine, string image, SandboxOrder order, SandboxOptions set, IReadOnlyList<string> pass, GatewayAccess gateway, ContainerNetwork network,
    IDisposable gatewayPass, TimeProvider time, ILogger logger) : ISandbox
{
    private readonly LimitSet _limits = LimitSet.Of(set.Limits);

    public string Kind => "container";

    public GatewayAccess Gateway => gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) =>
        new CommandLoop(command, time, logger).RunAsync(token => StartAsync(command, token), cancellationToken);

    public async Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken)
    {
        if (!Directory.Exists(command.Directory))
        {
            throw new CommandNotStartedException($"The command could not be started: there is no folder {command.Directory}.");
        }

        order.Folder.CreateForCommands();
        var create = new CreateContainerParameters
        {
            Image = image,
            User = engine.User,
            WorkingDir = command.Directory,
            Entrypoint = ["/bin/sh", "-c"],
            Cmd = await LineAsync(command, cancellationToken),
            Env = [.. Environment(command).Select(pair => $"{pair.Key}={pair.Value}")],
            OpenStdin = true,
            StdinOnce = true,
            AttachStdin = true,
            AttachStdout = true,
            AttachStderr = true,
            Labels = await LabelsAsync(command.TaskId),
            HostConfig = ContainerHost.Of(set, _limits, ContainerHost.ForLease(order), await network.JoinAsync(cancellationToken)),
        };
        return await ContainerStart.RunAsync(engine, create, _limits, time, cancellationToken);
    }

    public ValueTask DisposeAsync()
    {
        gatewayPass.Dispose();
        return network.DisposeAsync();
    }

    /// <summary>The labels of a container of this worker.</summary>
    public static async Task<Dictionary<string, string>> LabelsAsync(Guid task) =>
        new() { [ContainerLabels.Worker] = (await WorkerMark.Here).ToString(), [ContainerLabels.Task] = task.ToString() };

    // Which shell there is, is known inside only.
    private async Task<IList<string>> LineAsync(CommandLine command, CancellationToken cancellationToken)
    {
        if (command.Script is not { } script)
        {
            return ["""exec "$0" "$@" """, .. command.Program ?? throw new ArgumentException("A command is a script or a program.", nameof(command))];
        }

        var line = await Shell.ScriptAsync(script, order.Folder, Guid.NewGuid().ToString("N"), cancellationToken);
        return ["""exec "$(command -v bash || echo sh)" "$@" 2>&1""", .. line];
    }

    private Dictionary<string, string?> Environment(CommandLine command)
    {
        var environment = new Dictionary<string, string?>();
        // The machine's own caches are not in the image.
        CommandEnvironment.Fill(environment, pass, order.Folder, dependencyCaches: null);
        foreach (var name in environment.Keys.Where(ContainerHost.IsOfTheMachine).ToList())
        {
            environment.Remove(name);
        }

        foreach (var (name, value) in network.Environment.Concat(command.Environment))
        {
            environment[name] = value;
        }

        environment["CODEAGENT_TASK"] = command.TaskId.ToString();
        return environment;
    }
}
