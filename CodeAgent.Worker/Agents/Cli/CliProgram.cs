using System.Globalization;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>One start of a CLI's program: reads what it prints as it comes, and ends it when it is done, in a loop, refused, silent or over a limit.</summary>
internal sealed class CliProgram(
    ICliAdapter adapter, CliOptions options, TimeProvider time, AgentRun run, Prices prices, string model, string home, CliTally tally, Usage usage) : IDisposable
{
    // A call that is tried again so often without anything coming of it is not tried again.
    private const int MostRetries = 4;
    private const int MostStrayText = 20_000;
    private const int LingerWhereUnsure = 12;
    private const int NotStarted = 127;
    private const int KilledBySignal = 128 + 9;

    // The input is a file, so that it ends: some wait for the end of their standard input before they begin, or for ever.
    private const string Script = "exec \"$@\" < \"$HOME/" + CliAgent.InputFile + "\"";

    private readonly ICliEvents _events = adapter.Events();
    private readonly CliReporter _reporter = new(run.Session, run.Workspace);
    private readonly CliSecrets _secrets = new(options, run.Sandbox.Gateway.Key);
    private readonly LineSplitter _lines = new();
    private readonly LineSplitter _errorLines = new();
    private readonly OutputBuffer _strayText = new(MostStrayText / 10);
    private readonly SemaphoreSlim _one = new(1);
    private readonly TimeSpan _silenceLimit = options.Silence ?? adapter.Silence;
    private CancellationTokenSource? _enough;
    private CancellationTokenSource? _silence;
    private CliEvent.Ended? _end;
    private CliEvent.Failed? _failed;
    private TaskFailure? _failure;
    private bool _modelAnswered;
    private int _retries;
    private long _firstRetry;
    private long _lastCheckpoint;
    private int _stray;

    /// <summary>Called when it is time for a checkpoint, with the turns finished.</summary>
    public Func<int, CancellationToken, Task> OnCheckpoint { get; set; } = (_, _) => Task.CompletedTask;

    /// <summary>Turns and tokens.</summary>
    public CliTally Tally => tally;

    /// <summary>What the run used so far.</summary>
    public Usage Usage { get; private set; } = usage;

    /// <summary>The CLI's name for its session.</summary>
    public string? Session { get; private set; }

    /// <summary>Whether it called a tool.</summary>
    public bool UsedTools { get; private set; }

    /// <summary>Whether a tool that it called did not fail.</summary>
    public bool ToolsWorked { get; private set; }

    /// <summary>Starts it and waits for its end.</summary>
    /// <returns>Why it failed, or what the agent said last; and whether it was killed by somebody else, for want of memory perhaps.</returns>
    public async Task<(TaskFailure? Failure, string? Summary, bool Killed)> RunAsync(string prompt, string? session, TimeSpan left, CancellationToken cancellationToken)
    {
        var start = adapter.Start(new()
        {
            Prompt = prompt,
            Model = model,
            ContextWindow = adapter.UsesGateway ? await prices.ContextWindowAsync(model, cancellationToken) : null,
            Gateway = run.Sandbox.Gateway.Url.ToString().TrimEnd('/'),
            Key = run.Sandbox.Gateway.Key,
            Workspace = run.Workspace,
            Home = home,
            Session = session,
            NewSession = Guid.NewGuid(),
            TurnsLeft = Math.Max(1, run.Lease.Request.Limits.Turns - tally.Turns),
        });
        try
        {
            await WriteAsync(start, cancellationToken);
        }
        catch (HomeException e)
        {
            return (CliVerdict.Agent(e.Message), null, false);
        }

        using var enough = new CancellationTokenSource(Timeout.InfiniteTimeSpan, time);
        using var silence = new CancellationTokenSource(_silenceLimit, time);
        (_enough, _silence, _lastCheckpoint) = (enough, silence, time.GetTimestamp());
        await using var ending = silence.Token.Register(enough.Cancel);
        var result = await run.Sandbox.RunAsync(new()
        {
            Program = ["/bin/sh", "-c", Script, "sh", options.Command ?? adapter.Command, .. start.Arguments],
            Environment = EnvironmentOf(start),
            Directory = run.Workspace,
            TaskId = run.Lease.TaskId,
            TimeLimit = left,
            OnOutput = (text, token) => HearAsync(_lines.Add(text), isError: false, token),
            OnErrors = (text, token) => HearAsync(_errorLines.Add(text), isError: true, token),
            Enough = enough.Token,
        }, cancellationToken);
        await ReadAsync(_lines.End(), isError: false, cancellationToken);
        await ReadAsync(_errorLines.End(), isError: true, cancellationToken);
        await _reporter.FlushAsync(cancellationToken);
        await SayWhatWasCutAsync(cancellationToken);
        var failure = Judge(result);
        var killed = failure is { Code: FailureCodes.AgentFailed } && _end is null && result is { ExitCode: KilledBySignal, WasEnough: false, TimedOut: false };
        return (failure, string.IsNullOrWhiteSpace(_end?.Text) ? _reporter.LastMessage : _end.Text, killed);
    }

    public void Dispose() => _one.Dispose();

    private TaskFailure? Judge(CommandResult result)
    {
        if (_failure is not null)
        {
            return _failure;
        }

        if (result.TimedOut)
        {
            return RunLimits.Reached(run.Lease.Request.Limits, tally.Turns, Usage, timeIsUp: true);
        }

        var didAnything = tally.Turns > 0 && (UsedTools || _reporter.LastMessage is not null);
        if (_silence!.IsCancellationRequested && result.WasEnough && _end is null)
        {
            return _failed is { } failed
                ? CliVerdict.Model(failed.Status, failed.Reason)
                : CliVerdict.Agent(string.Create(CultureInfo.InvariantCulture, $"{adapter.Name} printed nothing for {_silenceLimit.TotalSeconds:0} s (agents.{adapter.Name}.silence) and was ended."));
        }

        if (result.ExitCode == NotStarted && !didAnything && _end is null)
        {
            return new(FailureCodes.AgentUnavailable, $"{adapter.Name} could not be started on this worker: {Hide(result.Errors.Length > 0 ? result.Errors : result.Output).Trim()}");
        }

        return adapter.Judge(new()
        {
            ExitCode = result.WasEnough ? null : result.ExitCode,
            End = _end,
            Failure = _failed,
            LastMessage = _reporter.LastMessage,
            ModelAnswered = _modelAnswered,
            Errors = Hide(result.Errors),
            Text = _strayText.ToString(),
        });
    }

    // Half a line is a sign of life, too. A tool may take as long as the task has.
    private async ValueTask HearAsync(IReadOnlyList<string> lines, bool isError, CancellationToken cancellationToken)
    {
        await ReadAsync(lines, isError, cancellationToken);
        _silence!.CancelAfter(_reporter.Open > 0 ? Timeout.InfiniteTimeSpan : _silenceLimit);
    }

    // Whatever it says, it was told already that it is over: then it is not listened to any more.
    private async ValueTask ReadAsync(IReadOnlyList<string> lines, bool isError, CancellationToken cancellationToken)
    {
        if (lines.Count == 0)
        {
            return;
        }

        await _one.WaitAsync(cancellationToken);
        try
        {
            foreach (var line in lines.Select(text => new CliLine(Hide(text), isError)))
            {
                var any = false;
                foreach (var told in _failure is null ? _events.Read(line) : [])
                {
                    any = true;
                    await TakeAsync(told, cancellationToken);
                }

                if (!any && !isError && line.Json is null)
                {
                    await ReportStrayAsync(line.Text, cancellationToken);
                }
            }
        }
        finally
        {
            _one.Release();
        }
    }

    private async Task TakeAsync(CliEvent told, CancellationToken cancellationToken)
    {
        if (tally.Take(told) || told is CliEvent.Called)
        {
            // Turns finished: the one that begins is not.
            Stop(RunLimits.Reached(run.Lease.Request.Limits, tally.Turns - 1, Usage, timeIsUp: false));
        }

        switch (told)
        {
            case CliEvent.Session session:
                Session ??= session.Id;
                break;
            case CliEvent.Used used:
                await TakeAsync(used, cancellationToken);
                break;
            case CliEvent.Retrying retrying:
                Take(retrying);
                break;
            case CliEvent.Failed failed:
                _failed = failed;
                break;
        }

        UsedTools |= told is CliEvent.Called;
        ToolsWorked |= told is CliEvent.Answered { Error: false };
        _modelAnswered |= told is CliEvent.Used { Usage.OutputTokens: > 0 };
        if (IsProgress(told))
        {
            (_retries, _failed) = (0, null);
        }

        // Done is done unless it goes on.
        _end = told as CliEvent.Ended ?? (told is CliEvent.Turn or CliEvent.Called or CliEvent.Message ? null : _end);
        if (_failure is null)
        {
            _enough!.CancelAfter(_end is null ? Timeout.InfiniteTimeSpan : _end.IsSure ? options.Linger : options.Linger * LingerWhereUnsure);
        }

        await _reporter.ReportAsync(told, cancellationToken);
        if (told is CliEvent.Answered && _reporter.Open == 0 && _failure is null && time.GetElapsedTime(_lastCheckpoint) >= options.CheckpointEvery)
        {
            await OnCheckpoint(tally.Turns, cancellationToken);
            _lastCheckpoint = time.GetTimestamp();
        }
    }

    // What failed before it is over. What one says that prints text alone may be its own word about the failure.
    private bool IsProgress(CliEvent told) => adapter.TellsTools
        ? told is CliEvent.Called or CliEvent.Answered or CliEvent.Message { Text.Length: > 0 }
        : told is CliEvent.Used { Usage.OutputTokens: > 0 };

    private async Task TakeAsync(CliEvent.Used told, CancellationToken cancellationToken)
    {
        var used = tally.Add(told);
        if (used.InputTokens + used.OutputTokens == 0)
        {
            return;
        }

        used.CostUsd = adapter.UsesGateway ? await prices.CostAsync(told.Model, model, used, cancellationToken) : 0;
        Usage += used;
        await _reporter.FlushAsync(cancellationToken);
        await run.Session.ReportAsync(EventTypes.Usage,
            new { model = told.Model ?? model, used.InputTokens, used.CachedInputTokens, used.OutputTokens, used.CostUsd }, cancellationToken);
    }

    // The gateway has tried what there is to try before it says no.
    private void Take(CliEvent.Retrying retrying)
    {
        _failed = new(retrying.Status, retrying.Reason);
        _firstRetry = _retries++ == 0 ? time.GetTimestamp() : _firstRetry;
        if (CliVerdict.Lasts(retrying.Status) || _retries >= MostRetries || time.GetElapsedTime(_firstRetry) > options.RetryFor)
        {
            Stop(CliVerdict.Model(retrying.Status, retrying.Reason));
        }
    }

    private void Stop(TaskFailure? failure)
    {
        if (failure is not null && _failure is null)
        {
            _failure = failure;
            _enough!.CancelAfter(TimeSpan.Zero);
        }
    }

    private async Task ReportStrayAsync(string text, CancellationToken cancellationToken)
    {
        _strayText.Append(text + "\n");
        if (_stray < MostStrayText)
        {
            _stray += text.Length + 1;
            await run.Session.ReportAsync(EventTypes.Output, new { text = Middle.Cut(text, MostStrayText) + "\n" }, cancellationToken);
        }
    }

    private async Task SayWhatWasCutAsync(CancellationToken cancellationToken)
    {
        if (_lines.LeftOut > 0)
        {
            await run.Session.NoteAsync(string.Create(CultureInfo.InvariantCulture,
                $"{_lines.LeftOut:N0} lines that {adapter.Name} printed were longer than {LineSplitter.LongestLine:N0} characters; they are not among the events."), cancellationToken);
        }
    }

    private async Task WriteAsync(CliStart start, CancellationToken cancellationToken)
    {
        foreach (var (path, content) in start.Files.Append(new(CliAgent.InputFile, start.Input)))
        {
            await HomeFiles.WriteAsync(home, path, Encoding.UTF8.GetBytes(content), cancellationToken);
        }
    }

    private string Hide(string text) => _secrets.Hide(text);

    private Dictionary<string, string> EnvironmentOf(CliStart start)
    {
        var environment = options.Environment.ToDictionary(variable => variable.Key, variable => variable.Value.Reveal());
        foreach (var (name, value) in start.Environment)
        {
            environment[name] = value;
        }

        return environment;
    }
}
