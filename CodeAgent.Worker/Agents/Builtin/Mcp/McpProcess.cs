using CodeAgent.Worker.Processes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A server that is a process of the lease, like any command of the agent: it and whatever it starts ends with the run.</summary>
internal sealed class McpProcess(AgentRun run, McpServerOptions options, ICommandRunner commands, TimeProvider time) : McpTransport
{
    private const int LongestWords = 2_000;

    private readonly OutputBuffer _words = new(LongestWords);
    private readonly CancellationTokenSource _stop = new();
    private readonly TaskCompletionSource<(Stream Input, Stream Output)> _started = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private Task _running = Task.CompletedTask;

    public override Task Ended => _running;

    public override string LastWords
    {
        get
        {
            lock (_words)
            {
                return _words.ToString().Trim();
            }
        }
    }

    public override async Task<IClientTransport> OpenAsync(CancellationToken cancellationToken)
    {
        _running = RunAsync();
        if (await Task.WhenAny(_started.Task, _running).WaitAsync(cancellationToken) == _running)
        {
            await _running;
            throw new IOException("The program could not be started.");
        }

        var (input, output) = await _started.Task;
        return new StreamClientTransport(input, new LineLimitStream(output));
    }

    public override async Task StopAsync()
    {
        await _stop.CancelAsync();
        await _running.ConfigureAwait(ConfigureAwaitOptions.SuppressThrowing);
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_started.Task.IsCompletedSuccessfully)
        {
            var (input, output) = await _started.Task;
            await CloseAsync(input);
            await CloseAsync(output);
        }

        _stop.Dispose();
    }

    private async Task RunAsync()
    {
        var left = run.Session.Deadline - time.GetUtcNow();
        try
        {
            var result = await commands.RunAsync(new()
            {
                Script = Shell.Script(options.Command),
                Directory = run.Workspace,
                TaskId = run.Lease.TaskId,
                TimeLimit = left > TimeSpan.Zero ? left : TimeSpan.Zero,
                OutputLimit = LongestWords,
                Environment = options.Environment.ToDictionary(variable => variable.Key, variable => variable.Value.Reveal()),
                OnStarted = (input, output) => _started.TrySetResult((input, output)),
                OnOutput = KeepAsync,
            }, _stop.Token);
            await KeepAsync($"\n(ended with exit code {result.ExitCode})", CancellationToken.None);
        }
        catch (OperationCanceledException) when (_stop.IsCancellationRequested)
        {
            // That is its ordinary end.
        }
    }

    private ValueTask KeepAsync(string text, CancellationToken cancellationToken)
    {
        lock (_words)
        {
            _words.Append(text);
        }

        return ValueTask.CompletedTask;
    }

    private static async Task CloseAsync(Stream stream)
    {
        try
        {
            await stream.DisposeAsync();
        }
        catch (IOException)
        {
            // What was still to be written to a process that is gone.
        }
    }
}
