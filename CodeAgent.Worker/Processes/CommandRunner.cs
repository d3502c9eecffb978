using System.Diagnostics;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>Runs commands in sessions of their own, with an environment of their own, and sweeps up after each, however it ended.</summary>
internal sealed class CommandRunner(WorkFolders folders, CurrentOptions options, TimeProvider time, ILogger<CommandRunner> logger) : ICommandRunner
{
    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => RunAsync(command, null, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => StartAsync(command, null, cancellationToken);

    /// <summary>Runs a command in something.</summary>
    /// <param name="command">The command.</param>
    /// <param name="wrapAsync">Puts it into that.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<CommandResult> RunAsync(CommandLine command, Func<Launch, CancellationToken, ValueTask>? wrapAsync, CancellationToken cancellationToken) =>
        new CommandLoop(command, time, logger).RunAsync(token => StartAsync(command, wrapAsync, token), cancellationToken);

    /// <summary>Starts a command in something.</summary>
    /// <exception cref="CommandNotStartedException">It could not be started.</exception>
    public async Task<IRunningCommand> StartAsync(CommandLine command, Func<Launch, CancellationToken, ValueTask>? wrapAsync, CancellationToken cancellationToken)
    {
        Subreaper.Enable();
        var mark = Guid.NewGuid().ToString("N");
        var launch = await PrepareAsync(command, mark, cancellationToken);
        if (wrapAsync is not null)
        {
            await wrapAsync(launch, cancellationToken);
        }

        var start = new ProcessStartInfo
        {
            WorkingDirectory = command.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = command.Program is not null,
        };
        start.Environment.Clear();
        foreach (var (name, value) in launch.Environment)
        {
            start.Environment[name] = value;
        }

        var line = Shell.Line(launch, merge: command.Program is null);
        start.FileName = line[0];
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return await StartAsync(start, launch, mark);
    }

    private async Task<IRunningCommand> StartAsync(ProcessStartInfo start, Launch launch, string mark)
    {
        var process = new Process { StartInfo = start };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            process.Dispose();
            await launch.EndedAsync();
            throw new CommandNotStartedException($"The command could not be started in {start.WorkingDirectory}: {e.Message}");
        }

        var root = await ProcessTable.FindAsync(process.Id, CancellationToken.None)
            ?? new ProcessEntry(process.Id, Environment.ProcessId, process.Id, (await WorkerMark.Here).Started, Ended: true);
        var tree = new ProcessTree(root, mark, launch.IsContained, time);
        tree.Begin();
        return new RunningProcess(process, tree, apart: start.RedirectStandardError, launch, time, logger);
    }

    private async Task<Launch> PrepareAsync(CommandLine command, string mark, CancellationToken cancellationToken)
    {
        var folder = folders.FolderOf(command.Directory);
        folder.CreateForCommands();
        var environment = new Dictionary<string, string?>();
        CommandEnvironment.Fill(environment, options().PassEnvironment, folder, options().Disk.DependencyCaches);
        foreach (var (name, value) in command.Environment)
        {
            environment[name] = value;
        }

        environment["CODEAGENT_TASK"] = command.TaskId.ToString();
        environment[WorkerMark.Variable] = (await WorkerMark.Here).ToString();
        environment[ProcessTree.Variable] = mark;
        return new(command, folder, environment)
        {
            Line = command.Script is { } script ? await Shell.ScriptAsync(script, folder, mark, cancellationToken)
                : command.Program ?? throw new ArgumentException("A command is a script or a program.", nameof(command)),
        };
    }
}
