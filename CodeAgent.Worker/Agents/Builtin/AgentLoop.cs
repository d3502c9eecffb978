using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents.Builtin.Context;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Models;
using CodeAgent.Worker.Agents.Builtin.Tools;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin;

/// <summary>One run: asks the model, carries out what it calls, keeps the checkpoint, and again, until it is done or may not go on.</summary>
internal sealed class AgentLoop(
    AgentRun run, string modelName, Conversation conversation, ModelClient model, Prices prices, Toolbox tools, TimeProvider time)
{
    // Messages in a row that neither say nor call anything.
    private const int MostUnusable = 3;

    private readonly IAgentSession _session = run.Session;
    private readonly TaskLimits _limits = run.Lease.Request.Limits;
    private readonly string _systemPrompt = SystemPrompt.For(run.Lease.Request, conversation);
    private readonly ToolCalls _calls = new(run.Session, tools);
    private readonly ChatOptions _options = new() { Tools = tools.Functions };
    private readonly ContextKeeper _context = new(conversation, TokenCount.Of(SystemPrompt.For(run.Lease.Request, conversation)) + TokenCount.Of(tools.Functions));

    private Reply? _reply;
    private int _turn = run.Turn;
    private int _seen = run.MessagesSeen;
    private Usage _usage = run.Usage;

    /// <summary>Runs to the end.</summary>
    /// <exception cref="OperationCanceledException">It was stopped from outside.</exception>
    public async Task<AgentResult> RunAsync(CancellationToken cancellationToken)
    {
        var left = run.Session.Deadline - time.GetUtcNow();
        using var deadline = new CancellationTokenSource(left > TimeSpan.Zero ? left : TimeSpan.Zero, time);
        using var stop = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, deadline.Token);
        try
        {
            while (true)
            {
                if (conversation.Pending is { } pending && !TryReply(pending, out _reply))
                {
                    return Result() with { Question = pending.Question };
                }

                TakeMessages();
                if (conversation.Pending is null && conversation.Summary is { } summary)
                {
                    return Result(summary: summary);
                }

                if (conversation.Pending is null && RunLimits.Reached(_limits, _turn, _usage, time.GetUtcNow() >= _session.Deadline) is { } reached)
                {
                    return Result(reached);
                }

                if (await StepAsync(stop.Token) is { } failure)
                {
                    return Result(failure);
                }
            }
        }
        catch (ModelException e)
        {
            return Result(new(e.Code, e.Message));
        }
        catch (OperationCanceledException) when (deadline.IsCancellationRequested && !cancellationToken.IsCancellationRequested)
        {
            return Result(RunLimits.Reached(_limits, _turn, _usage, timeIsUp: true));
        }
    }

    // Room first. A model that finds the conversation too long, though it was thought to fit, is asked once more with less.
    private async Task<TaskFailure?> StepAsync(CancellationToken cancellationToken)
    {
        // While a call waits, nothing is sent, and its place must stay what it is.
        var room = conversation.Pending is null ? _context.MakeRoom(_turn) : new();
        try
        {
            return room.Failure ?? (room.SummarizeUntil is { } until ? await SummarizeAsync(until, cancellationToken) : await TurnAsync(cancellationToken));
        }
        catch (ContextOverflowException) when (room.SummarizeUntil is not null)
        {
            _context.NotSummarized(_turn);
            return null;
        }
        catch (ContextOverflowException e) when (_context.Shrink(e.Message))
        {
            return null;
        }
    }

    // A turn like any other, except that what the model says is put in place of what it is about.
    private async Task<TaskFailure?> SummarizeAsync(int until, CancellationToken cancellationToken)
    {
        var number = _turn + 1;
        using var span = CodeAgentTelemetry.Source.StartActivity("agent summary");
        span?.SetTag(CodeAgentTelemetry.TaskIdTag, run.Lease.TaskId);
        span?.SetTag("codeagent.turn", number);

        var answer = await model.AskAsync(Key(number), ChatMessages.About(_systemPrompt, conversation, until, LeftOut.Request), _options, cancellationToken);
        await ReportAsync(answer, cancellationToken);
        _context.Summarized(until, answer.Text, number);
        _turn = number;
        await _session.CheckpointAsync(_turn, conversation.ToState(), _seen, _usage, cancellationToken);
        return null;
    }

    private string Key(int turn) => $"{run.Lease.TaskId}:{run.Lease.Run}:{turn}";

    // 1. ask; 2. say what came; 3. carry out the calls; 4. look whether it is done, unusable or in circles; 5. keep it. A turn
    // whose calls wait for a person begins again at 3 when the answer is there, and is not over until all have their results.
    private async Task<TaskFailure?> TurnAsync(CancellationToken cancellationToken)
    {
        var number = _turn + 1;
        using var span = CodeAgentTelemetry.Source.StartActivity("agent turn");
        span?.SetTag(CodeAgentTelemetry.TaskIdTag, run.Lease.TaskId);
        span?.SetTag("codeagent.turn", number);

        TaskFailure? failure = null;
        if (conversation.Pending is { } pending)
        {
            await CarryOutAsync(pending.Entry, number, cancellationToken);
        }
        else
        {
            var sent = _context.Count();
            var answer = await model.AskAsync(Key(number), ChatMessages.From(_systemPrompt, conversation), _options, cancellationToken);
            var entry = new Entry { Role = EntryRole.Assistant, Text = answer.Text, Reasoning = answer.Reasoning, Calls = Named(answer.Calls, number) };
            conversation.Entries.Add(entry);
            _context.Learn(sent, answer.Usage?.InputTokenCount);
            await ReportAsync(answer, cancellationToken);
            if (entry.Calls.Count > 0)
            {
                conversation.Entries.Add(new() { Role = EntryRole.Tool });
                await CarryOutAsync(conversation.Entries.Count - 2, number, cancellationToken);
            }
            else
            {
                failure = End(answer);
            }
        }

        if (conversation.Pending is null)
        {
            failure ??= conversation.Summary is null && conversation.Entries[^1].Role == EntryRole.Tool ? LookForCircles() : null;
            _turn = number;
        }

        span?.SetStatus(failure is null ? ActivityStatusCode.Unset : ActivityStatusCode.Error, failure?.Message);
        await _session.CheckpointAsync(_turn, conversation.ToState(), _seen, _usage, cancellationToken);
        return failure;
    }

    private async Task CarryOutAsync(int entry, int turn, CancellationToken cancellationToken)
    {
        var results = conversation.Entries[entry + 1].Results.ToList();
        var reply = _reply;
        _reply = null;
        var question = await _calls.CarryOutAsync(conversation.Entries[entry].Calls, results, $"{run.Lease.Run}.{turn}", reply, cancellationToken);
        conversation.Entries[entry + 1].Results = results;
        conversation.Pending = question is null ? null : new(entry, question);
        if (tools.TakeFinish() is { } finish)
        {
            (conversation.Summary, conversation.Verdict, conversation.Reasons) = (finish.Summary, finish.Verdict, finish.Reasons);
        }
    }

    // What people wrote before they could see a question is an answer to it only in so far as it is told. It approves nothing.
    private bool TryReply(PendingCall pending, out Reply? reply)
    {
        var news = _session.MessagesAfter(_seen);
        var answer = news.FirstOrDefault(message => message.Answer?.Question == pending.Question.Id);
        reply = answer is not null ? new(answer.Text, answer.Answer!.Decision)
            : pending.Question.Approval is null && news.Count > 0 ? new("Nobody has seen this question yet, but a message came in before it was asked; it follows. Ask again if you still have to.", null)
            : null;
        if (reply is not null)
        {
            foreach (var message in news.Where(message => message != answer))
            {
                Say(message);
            }

            _seen = news[^1].Number;
        }

        return reply is not null;
    }

    // A message that comes while the agent finishes is work still to do.
    private void TakeMessages()
    {
        foreach (var message in _session.MessagesAfter(_seen))
        {
            Say(message);
            _seen = message.Number;
        }
    }

    // An answer to what is not asked any more comes from an earlier run of the task.
    private void Say(FollowUp message)
    {
        conversation.Say(message.Answer is { } answer
            ? $"Earlier you asked: {answer.Asked}\nThe answer was: {($"{answer.Decision} {message.Text}").Trim()}"
            : message.Text);
        conversation.Summary = null;
    }

    private async Task ReportAsync(ModelAnswer answer, CancellationToken cancellationToken)
    {
        var used = new Usage
        {
            InputTokens = answer.Usage?.InputTokenCount ?? 0,
            CachedInputTokens = answer.Usage?.CachedInputTokenCount ?? 0,
            OutputTokens = answer.Usage?.OutputTokenCount ?? 0,
        };
        used.CostUsd = await prices.CostAsync(answer.Model, modelName, used, cancellationToken);
        _usage += used;
        if (answer.Reasoning is { } reasoning)
        {
            await _session.ReportAsync(EventTypes.AgentReasoning, new { text = reasoning }, cancellationToken);
        }

        if (answer.Text.Length > 0)
        {
            await _session.ReportAsync(EventTypes.AgentMessage, new { text = answer.Text }, cancellationToken);
        }

        await _session.ReportAsync(EventTypes.Usage,
            new { model = answer.Model ?? modelName, used.InputTokens, used.CachedInputTokens, used.OutputTokens, used.CostUsd }, cancellationToken);
    }

    private TaskFailure? LookForCircles()
    {
        if (Circles.Look(conversation) is not { } circle)
        {
            return null;
        }

        if (circle.Stuck)
        {
            return new(FailureCodes.Stuck, $"The agent went on after it was told that it goes in circles, {circle.Times} times by now: {circle.What}");
        }

        conversation.Note(NoteKind.Circles,
            $"You are going in circles, {circle.Times} times by now: {circle.What}\nIt will not come out differently. Try another way, or call finish and say what stands in the way.");
        return null;
    }

    // A message without a call ends the run with its text. One that was cut off, or says nothing, does not.
    private TaskFailure? End(ModelAnswer answer)
    {
        if (answer.Refusal is { } refusal)
        {
            return new(FailureCodes.AgentFailed, $"The model refused: {refusal}");
        }

        if (answer.Finish == ChatFinishReason.ContentFilter)
        {
            return new(FailureCodes.ModelFailed, "The provider's content filter stopped the model's answer.");
        }

        var cut = answer.Finish == ChatFinishReason.Length;
        if (!cut && !string.IsNullOrWhiteSpace(answer.Text))
        {
            (conversation.Summary, conversation.Verdict, conversation.Reasons) = (answer.Text, null, []);
            return null;
        }

        if (Unusable() >= MostUnusable)
        {
            return new(FailureCodes.Stuck, $"The model's last {MostUnusable} messages were empty or cut off at their longest.");
        }

        conversation.Note(NoteKind.Unusable, cut
            ? "Your message was cut off at its greatest length. Go on in smaller steps."
            : "Your message was empty. Call a tool, or call finish when you are done.");
        return null;
    }

    // Counts this one, and those before it that had a note for an answer.
    private int Unusable()
    {
        var count = 1;
        for (var i = conversation.Entries.Count - 2; i >= 1 && conversation.Entries[i].Note == NoteKind.Unusable; i -= 2)
        {
            count++;
        }

        return count;
    }

    // Some models leave the ids out or use them again; tools' results could not be told apart then.
    private List<ToolCall> Named(IReadOnlyList<ToolCall> calls, int turn)
    {
        var taken = conversation.Entries.SelectMany(entry => entry.Calls).Select(call => call.Id).ToHashSet(StringComparer.Ordinal);
        return [.. calls.Select((call, place) => call.Id.Length > 0 && taken.Add(call.Id) ? call : call with { Id = $"call_{turn}_{place + 1}" })];
    }

    private AgentResult Result(TaskFailure? failure = null, string? summary = null) => new()
    {
        Failure = failure,
        Summary = summary,
        Verdict = summary is null ? null : conversation.Verdict,
        Reasons = summary is null ? [] : conversation.Reasons,
        Turn = _turn,
        State = conversation.ToState(),
        MessagesSeen = _seen,
        Usage = _usage,
    };
}
