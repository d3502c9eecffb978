using System.Diagnostics;
using System.Text;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>Runs commands in sessions of their own, with an environment of their own, and sweeps up after each, however it ended.</summary>
internal sealed partial class CommandRunner(WorkFolders folders, CurrentOptions options, TimeProvider time, ILogger<CommandRunner> logger) : ICommandRunner
{
    private const int TimeRanOut = 124;
    private const int NotStarted = 127;
    private const int PieceSize = 16 * 1024;

    // After the whole tree is gone nobody writes any more. Only a process that could not be killed can keep the pipe open.
    private static readonly TimeSpan PipePatience = TimeSpan.FromSeconds(1);

    public async Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        Subreaper.Enable();
        var start = time.GetTimestamp();
        var mark = Guid.NewGuid().ToString("N");
        var folder = folders.FolderOf(command.Directory);
        using var process = new Process { StartInfo = await PrepareAsync(command, folder, mark, cancellationToken) };
        try
        {
            process.Start();
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new(NotStarted, $"The command could not be started in {command.Directory}: {e.Message}", TimedOut: false, time.GetElapsedTime(start));
        }

        process.StandardInput.Close();
        var root = await ProcessTable.FindAsync(process.Id, CancellationToken.None)
            ?? new ProcessEntry(process.Id, Environment.ProcessId, process.Id, (await WorkerMark.Here).Started, Ended: true);
        var tree = new ProcessTree(root, mark, time);
        tree.Begin();
        using var timer = new CancellationTokenSource(command.TimeLimit, time);
        using var silence = new CancellationTokenSource(command.SilenceLimit ?? Timeout.InfiniteTimeSpan, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token, silence.Token, command.Enough);
        var swept = new TaskCompletionSource();
        var output = new OutputBuffer(command.OutputLimit);
        var errors = new OutputBuffer(command.OutputLimit);
        var reading = ReadAsync(process.StandardOutput.BaseStream, output, command.OnOutput, () => Heard(silence, command), swept.Task, stop, cancellationToken);
        var readingErrors = command.Program is null ? Task.CompletedTask
            : ReadAsync(process.StandardError.BaseStream, errors, command.OnErrors, () => Heard(silence, command), swept.Task, stop, cancellationToken);

        var ended = await EndedAsync(process, stop.Token);
        await SweepAsync(process, tree, politely: !ended);
        swept.SetResult();
        await Task.WhenAll(reading, readingErrors);
        cancellationToken.ThrowIfCancellationRequested();
        return new(ended ? process.ExitCode : TimeRanOut, output.ToString(), TimedOut: !ended && timer.IsCancellationRequested, time.GetElapsedTime(start))
        {
            Errors = errors.ToString(),
            FellSilent = !ended && silence.IsCancellationRequested && !timer.IsCancellationRequested,
            WasEnough = !ended && command.Enough.IsCancellationRequested,
        };
    }

    private static void Heard(CancellationTokenSource silence, CommandLine command)
    {
        if (command.SilenceLimit is { } limit && !silence.IsCancellationRequested)
        {
            silence.CancelAfter(limit);
        }
    }

    private async Task<ProcessStartInfo> PrepareAsync(CommandLine command, TaskFolder folder, string mark, CancellationToken cancellationToken)
    {
        folder.CreateForCommands();
        var start = new ProcessStartInfo
        {
            WorkingDirectory = command.Directory,
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = command.Program is not null,
        };
        CommandEnvironment.Fill(start.Environment, options().PassEnvironment, folder);
        foreach (var (name, value) in command.Environment)
        {
            start.Environment[name] = value;
        }

        start.Environment["CODEAGENT_TASK"] = command.TaskId.ToString();
        start.Environment[WorkerMark.Variable] = (await WorkerMark.Here).ToString();
        start.Environment[ProcessTree.Variable] = mark;
        var line = command.Script is { } script ? await Shell.ScriptAsync(script, folder, mark, cancellationToken)
            : Shell.Command(command.Program ?? throw new ArgumentException("A command is a script or a program.", nameof(command)));
        start.FileName = line[0];
        foreach (var argument in line.Skip(1))
        {
            start.ArgumentList.Add(argument);
        }

        return start;
    }

    private static async Task<bool> EndedAsync(Process process, CancellationToken stop)
    {
        try
        {
            await process.WaitForExitAsync(stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return process.HasExited;
        }
    }

    private async Task SweepAsync(Process process, ProcessTree tree, bool politely)
    {
        if (!OperatingSystem.IsLinux() && !process.HasExited)
        {
            process.Kill(entireProcessTree: true);
        }

        if (await tree.EndAsync(politely) is > 0 and var left)
        {
            LogLeft(left);
        }
    }

    private async Task ReadAsync(Stream pipe, OutputBuffer output, Func<string, CancellationToken, ValueTask>? onOutput, Action heard,
        Task swept, CancellationTokenSource stop, CancellationToken cancellationToken)
    {
        var decoder = Encoding.UTF8.GetDecoder();
        var bytes = new byte[PieceSize];
        var characters = new char[PieceSize + 1];
        try
        {
            while (true)
            {
                var read = pipe.ReadAsync(bytes, CancellationToken.None).AsTask();
                var length = await ReadUntilSweptAsync(read, swept);
                heard();
                var count = decoder.GetChars(bytes.AsSpan(0, length), characters, flush: length == 0);
                output.Append(characters.AsSpan(0, count));
                if (count > 0 && onOutput is not null)
                {
                    await onOutput(new(characters, 0, count), cancellationToken);
                }

                if (length == 0)
                {
                    return;
                }
            }
        }
        catch
        {
            // Whoever listens has failed or does not want more: then the command has no reason to go on either.
            await stop.CancelAsync();
            throw;
        }
    }

    private async Task<int> ReadUntilSweptAsync(Task<int> read, Task swept)
    {
        if (await Task.WhenAny(read, swept) == read)
        {
            return await read;
        }

        try
        {
            return await read.WaitAsync(PipePatience, time);
        }
        catch (TimeoutException)
        {
            LogPipeHeld();
            return 0;
        }
    }

    [LoggerMessage(LogLevel.Warning, "{Count} processes of a command could not be killed")]
    private partial void LogLeft(int count);

    [LoggerMessage(LogLevel.Warning, "The output of a command is still held open after its processes were ended; the rest of it is left out")]
    private partial void LogPipeHeld();
}
