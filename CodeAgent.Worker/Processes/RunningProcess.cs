using System.Diagnostics;

namespace CodeAgent.Worker.Processes;

/// <summary>A command that runs as processes of this machine.</summary>
internal sealed partial class RunningProcess : IRunningCommand
{
    private static readonly TimeSpan WatchInterval = TimeSpan.FromMilliseconds(500);
    private readonly Process _process;
    private readonly ProcessTree _tree;
    private readonly Launch _launch;
    private readonly Task _watching;
    private readonly ILogger _logger;
    private readonly SemaphoreSlim _ending = new(1);
    private bool _over;

    /// <summary>Takes over a process that was started.</summary>
    /// <param name="process">The process, its streams redirected.</param>
    /// <param name="tree">It and what comes of it.</param>
    /// <param name="apart">Whether its streams are two.</param>
    /// <param name="launch">How it was started.</param>
    /// <param name="time">The clock.</param>
    /// <param name="logger">The log.</param>
    public RunningProcess(Process process, ProcessTree tree, bool apart, Launch launch, TimeProvider time, ILogger logger)
    {
        (_process, _tree, _launch, _logger) = (process, tree, launch, logger);
        Errors = apart ? process.StandardError.BaseStream : Stream.Null;
        WidePipe.Make(Output);
        Exited = ExitedAsync();
        _watching = launch.IsWatched ? WatchAsync(time) : Task.CompletedTask;
    }

    public Stream Input => _process.StandardInput.BaseStream;

    public Stream Output => _process.StandardOutput.BaseStream;

    public Stream Errors { get; }

    public Task<int> Exited { get; }

    public string? Limit { get; private set; }

    public async Task EndAsync(bool politely)
    {
        await _ending.WaitAsync();
        try
        {
            if (_over)
            {
                return;
            }

            if (!OperatingSystem.IsLinux() && !_process.HasExited)
            {
                _process.Kill(entireProcessTree: true);
            }

            if (await _tree.EndAsync(politely) is > 0 and var left)
            {
                LogLeft(_logger, left);
            }

            _over = true;
            Limit ??= await _launch.EndedAsync();
        }
        finally
        {
            _ending.Release();
        }
    }

    public async ValueTask DisposeAsync()
    {
        await EndAsync(politely: !Exited.IsCompleted);
        await _watching;
        _process.Dispose();
        _ending.Dispose();
    }

    private async Task WatchAsync(TimeProvider time)
    {
        using var timer = new PeriodicTimer(WatchInterval, time);
        while (!Exited.IsCompleted && await timer.WaitForNextTickAsync())
        {
            if (await _launch.LookAsync(await _tree.LivingAsync()) is { } limit)
            {
                Limit = limit;
                await EndAsync(politely: false);
            }
        }
    }

    private async Task<int> ExitedAsync()
    {
        await _process.WaitForExitAsync();
        return _process.ExitCode;
    }

    [LoggerMessage(LogLevel.Warning, "{Count} processes of a command could not be killed")]
    private static partial void LogLeft(ILogger logger, int count);
}
