using CodeAgent.Worker.Processes;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A server that is a process of the lease, in its sandbox like any command of the agent: it and whatever it starts ends with the run.</summary>
internal sealed class McpProcess(AgentRun run, McpServerOptions options) : McpTransport
{
    private const int LongestWords = 2_000;
    private const int PieceSize = 1024;

    private readonly OutputBuffer _words = new(LongestWords);
    private readonly TaskCompletionSource _ended = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private IRunningCommand? _command;
    private Task _watching = Task.CompletedTask;

    public override Task Ended => _ended.Task;

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
        try
        {
            _command = await run.Sandbox.StartAsync(new()
            {
                Program = options.Command,
                Directory = run.Workspace,
                TaskId = run.Lease.TaskId,
                TimeLimit = Timeout.InfiniteTimeSpan,
                Environment = options.Environment.ToDictionary(variable => variable.Key, variable => variable.Value.Reveal()),
            }, cancellationToken);
        }
        catch (CommandNotStartedException e)
        {
            throw new IOException(e.Message, e);
        }

        _watching = WatchAsync(_command);
        return new StreamClientTransport(_command.Input, new LineLimitStream(_command.Output));
    }

    public override async Task StopAsync()
    {
        if (_command is not null)
        {
            await _command.EndAsync(politely: true);
            await _watching;
        }
    }

    public override async ValueTask DisposeAsync()
    {
        await StopAsync();
        if (_command is not null)
        {
            await _command.DisposeAsync();
        }
    }

    // What it started and left behind could hold its streams open.
    private async Task WatchAsync(IRunningCommand command)
    {
        var listening = ListenAsync(command.Errors);
        var code = await command.Exited;
        await command.EndAsync(politely: false);
        await listening;
        Keep($"\n(ended with exit code {code})");
        _ended.SetResult();
    }

    private async Task ListenAsync(Stream errors)
    {
        using var reader = new StreamReader(errors);
        var piece = new char[PieceSize];
        while (await reader.ReadAsync(piece) is > 0 and var length)
        {
            Keep(piece.AsSpan(0, length));
        }
    }

    private void Keep(ReadOnlySpan<char> text)
    {
        lock (_words)
        {
            _words.Append(text);
        }
    }
}
