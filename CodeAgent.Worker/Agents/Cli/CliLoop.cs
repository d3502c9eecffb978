using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>One run of a CLI as an agent: starts it with the task, or with what there is to say since, until it is done and nobody has said more.</summary>
internal sealed class CliLoop(ICliAdapter adapter, CliServices services, AgentRun run, CliState state, Prices prices)
{
    private const int LongestSummary = 8_000;
    private const int LongestTold = 64_000;
    private const int MostKilled = 2;
    private readonly IAgentSession _session = run.Session;
    private readonly TaskRequest _request = run.Lease.Request;
    private readonly string _model = run.Lease.Request.Agent.Model ?? CliAgent.DefaultModel;
    private readonly string _home = services.Folders.FolderOf(run.Workspace).Home;
    private CliState _state = state;
    private int _killed;
    private int _starts;
    private int _turns = run.Turn;
    private int _seen = run.MessagesSeen;
    private Usage _usage = run.Usage;

    private CliOptions Options => services.Options().Agents?.GetValueOrDefault(adapter.Name) ?? new();

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OperationCanceledException">It was stopped from outside.</exception>
    public async Task<AgentResult> RunAsync(CancellationToken cancellationToken)
    {
        if (adapter.Note is { } note)
        {
            await _session.NoteAsync(note, cancellationToken);
        }

        if (adapter.UsesGateway && await services.Gateway.RefusalAsync(_model, run.Lease.Token, cancellationToken) is { } refusal)
        {
            return Result(refusal);
        }

        var prompt = await FirstPromptAsync(cancellationToken);
        while (prompt is not null)
        {
            var (failure, again) = await StartAsync(prompt, cancellationToken);
            if (failure is not null)
            {
                return Result(failure);
            }

            prompt = again ? GoOn() : NextMessages();
            if (prompt is not null && !again)
            {
                // From here on the messages are part of the state.
                _state = _state with { Summary = null, Told = ToldWith(prompt) };
                await CheckpointAsync(_turns, cancellationToken);
            }
        }

        return Result(failure: null);
    }

    private async Task<string?> FirstPromptAsync(CancellationToken cancellationToken)
    {
        var interrupted = run.State is not null && _state.Summary is null;
        var told = run.Feedback ?? NextMessages();
        if (run.State is null)
        {
            _state = _state with { Told = ToldWith(told) };
            return told is null ? CliPrompts.Task(_request) : $"{CliPrompts.Task(_request)}\n\n{told}";
        }

        if (told is null && !interrupted)
        {
            // It was done, and lost before that could be stored.
            return null;
        }

        _state = _state with { Summary = null, Told = ToldWith(told) };
        if (!await RestoreAsync(cancellationToken))
        {
            var turns = _turns;
            _state = _state with { Session = null, SessionUsage = new() };
            await _session.NoteAsync($"{adapter.Name} was started afresh after turn {turns}: its session could not be taken along, only its changes.", cancellationToken);
            return CliPrompts.Afresh(_request, turns, _state.Told);
        }

        return interrupted ? CliPrompts.GoOn(_state.Told) : told;
    }

    // In the same attempt the session is still in the CLI's home; in the next one it comes with the checkpoint.
    private async Task<bool> RestoreAsync(CancellationToken cancellationToken)
    {
        if (_state.Session is null || _state.Workspace is not { } workspace)
        {
            return false;
        }

        if (workspace == run.Workspace && Directory.Exists(_home))
        {
            return true;
        }

        if (_state.Files is not { } files || adapter.SessionFolder(run.Workspace) is not { } folder)
        {
            return false;
        }

        try
        {
            await SessionFiles.UnpackAsync(files, _home, folder, workspace, run.Workspace, cancellationToken);
            return true;
        }
        catch (Exception e) when (e is InvalidDataException or HomeException)
        {
            return false;
        }
    }

    private string GoOn() => _state.Session is null ? CliPrompts.Afresh(_request, _turns, _state.Told) : CliPrompts.GoOn(_state.Told);

    // All of it: a session that is lost takes along what it was told before, too.
    private string? ToldWith(string? news)
    {
        var all = string.Join("\n\n", new[] { _state.Told, news }.OfType<string>());
        return all.Length == 0 ? null : all.Length <= LongestTold ? all : "…" + all[^LongestTold..];
    }

    private string? NextMessages()
    {
        var messages = _session.MessagesAfter(_seen);
        _seen = messages.Count == 0 ? _seen : messages[^1].Number;
        return messages.Count == 0 ? null : string.Join("\n\n", messages.Select(message => message.Text));
    }

    private async Task<(TaskFailure? Failure, bool Again)> StartAsync(string prompt, CancellationToken cancellationToken)
    {
        var left = _session.Deadline - services.Time.GetUtcNow();
        if (RunLimits.Reached(_request.Limits, _turns, _usage, left <= TimeSpan.Zero) is { } reached)
        {
            return (reached, false);
        }

        using var span = CodeAgentTelemetry.Source.StartActivity($"cli {adapter.Name}");
        span?.SetTag(CodeAgentTelemetry.TaskIdTag, run.Lease.TaskId);
        using var start = new CliProgram(adapter, Options, services.Time, run, prices, _model, _home, new(_turns, _state.SessionUsage), _usage);
        start.OnCheckpoint = (turns, token) => KeepAsync(start, turns, token);
        var ended = await start.RunAsync(prompt, _state.Session, left, cancellationToken);
        Take(start);
        span?.SetStatus(ended.Failure is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, ended.Failure?.Message);
        if (ended.Killed && _killed++ < MostKilled)
        {
            await _session.NoteAsync($"{adapter.Name} was killed from outside after turn {_turns}, perhaps for want of memory, and was started again.", cancellationToken);
            return (null, true);
        }

        if (ended.Failure is not null)
        {
            return (ended.Failure, false);
        }

        if (adapter.TellsTools && !start.ToolsWorked && run.State is null && _starts++ == 0)
        {
            await _session.NoteAsync(start.UsedTools ? $"{adapter.Name} was done, and every tool that it called had failed." : $"{adapter.Name} was done without having used a tool.", cancellationToken);
        }

        _state = _state with { Summary = ended.Summary is { } summary ? Middle.Cut(summary, LongestSummary) : $"{adapter.Name} is done and says nothing about it." };
        await PackAsync(cancellationToken);
        return (null, false);
    }

    private async Task KeepAsync(CliProgram start, int turns, CancellationToken cancellationToken)
    {
        Take(start);
        await CheckpointAsync(turns, cancellationToken);
    }

    private void Take(CliProgram start)
    {
        (_turns, _usage) = (start.Tally.Turns, start.Usage);
        _state = _state with { Session = start.Session ?? _state.Session, SessionUsage = start.Tally.Session, Workspace = run.Workspace };
    }

    private async Task CheckpointAsync(int turns, CancellationToken cancellationToken)
    {
        await PackAsync(cancellationToken);
        await _session.CheckpointAsync(Math.Max(1, turns), _state.ToJson(), _seen, _usage, cancellationToken);
    }

    private async Task PackAsync(CancellationToken cancellationToken)
    {
        var packed = adapter.SessionFolder(run.Workspace) is { } folder ? await SessionFiles.PackAsync(_home, folder, new CliSecrets(Options, run.Sandbox.Gateway.Key).Hide, cancellationToken) : null;
        _state = _state with { Files = packed };
    }

    private AgentResult Result(TaskFailure? failure) => new()
    {
        Failure = failure,
        Summary = failure is null ? _state.Summary : null,
        Turn = _turns,
        State = _state.ToJson(),
        MessagesSeen = _seen,
        Usage = _usage,
    };
}
