using System.Text;

namespace CodeAgent.Worker.Processes;

/// <summary>Brings a running command to its end: reads what it prints, and ends it when its time is up.</summary>
internal sealed partial class CommandLoop(CommandLine command, TimeProvider time, ILogger logger)
{
    private const int TimeRanOut = 124;
    private const int NotStarted = 127;
    private const int PieceSize = 16 * 1024;

    // After the whole tree is gone nobody writes any more. Only a process that could not be killed can keep the pipe open.
    private static readonly TimeSpan PipePatience = TimeSpan.FromSeconds(1);

    /// <summary>Starts the command and runs it to its end.</summary>
    /// <exception cref="OperationCanceledException">It was canceled; nothing of it is left.</exception>
    public async Task<CommandResult> RunAsync(Func<CancellationToken, Task<IRunningCommand>> startAsync, CancellationToken cancellationToken)
    {
        cancellationToken.ThrowIfCancellationRequested();
        var start = time.GetTimestamp();
        try
        {
            await using var running = await startAsync(cancellationToken);
            await running.Input.DisposeAsync();
            return await RunAsync(running, start, cancellationToken);
        }
        catch (CommandNotStartedException e)
        {
            return new(NotStarted, e.Message, TimedOut: false, time.GetElapsedTime(start));
        }
    }

    private async Task<CommandResult> RunAsync(IRunningCommand running, long start, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(command.TimeLimit, time);
        using var silence = new CancellationTokenSource(command.SilenceLimit ?? Timeout.InfiniteTimeSpan, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, timer.Token, silence.Token, command.Enough);
        var swept = new TaskCompletionSource();
        var output = new OutputBuffer(command.OutputLimit);
        var errors = new OutputBuffer(command.OutputLimit);
        var reading = ReadAsync(running.Output, output, command.OnOutput, () => Heard(silence), swept.Task, stop, cancellationToken);
        var readingErrors = ReadAsync(running.Errors, errors, command.OnErrors, () => Heard(silence), swept.Task, stop, cancellationToken);

        var ended = await EndedAsync(running, stop.Token);
        await running.EndAsync(politely: !ended);
        swept.SetResult();
        await Task.WhenAll(reading, readingErrors);
        cancellationToken.ThrowIfCancellationRequested();
        return new(ended ? await running.Exited : TimeRanOut, Told(output, running.Limit), TimedOut: !ended && timer.IsCancellationRequested, time.GetElapsedTime(start))
        {
            Errors = errors.ToString(),
            FellSilent = !ended && silence.IsCancellationRequested && !timer.IsCancellationRequested,
            WasEnough = !ended && command.Enough.IsCancellationRequested,
            Limit = running.Limit,
        };
    }

    private static async Task<bool> EndedAsync(IRunningCommand running, CancellationToken stop)
    {
        try
        {
            await running.Exited.WaitAsync(stop);
            return true;
        }
        catch (OperationCanceledException)
        {
            return running.Exited.IsCompleted;
        }
    }

    private static string Told(OutputBuffer output, string? limit)
    {
        var text = output.ToString();
        return limit is null ? text : $"{text}{(text is [] or [.., '\n'] ? "" : "\n")}[{limit}]\n";
    }

    private void Heard(CancellationTokenSource silence)
    {
        if (command.SilenceLimit is { } limit && !silence.IsCancellationRequested)
        {
            silence.CancelAfter(limit);
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
                if (length > 0)
                {
                    heard();
                }

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

    [LoggerMessage(LogLevel.Warning, "The output of a command is still held open after its processes were ended; the rest of it is left out")]
    private partial void LogPipeHeld();
}
