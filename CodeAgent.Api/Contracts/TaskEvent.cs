using System.Text.Json;

namespace CodeAgent.Contracts;

/// <summary>One entry of a task's log of events.</summary>
/// <param name="Number">1 for the first, without gaps; the <c>id:</c> of the server-sent event.</param>
/// <param name="At">When it happened, by the clock of who reports it.</param>
/// <param name="Type">One of <see cref="EventTypes"/>; the <c>event:</c> of the server-sent event.</param>
/// <param name="Attempt">The attempt that it belongs to; 0 before the first claim.</param>
/// <param name="Data">What there is to say, by <paramref name="Type"/>.</param>
public sealed record TaskEvent(long Number, DateTimeOffset At, string Type, int Attempt, JsonElement Data);

/// <summary>An event as a worker reports it; the Api numbers it.</summary>
/// <param name="At">When it happened.</param>
/// <param name="Type">One of <see cref="EventTypes"/> that workers may report (not those beginning with <c>task.</c>).</param>
/// <param name="Data">What there is to say.</param>
public sealed record WorkerEvent(DateTimeOffset At, string Type, JsonElement Data);

/// <summary>The types of events. Those that begin with <c>task.</c> are the Api's own: changes of state.</summary>
public static class EventTypes
{
    /// <summary>Accepted. <c>{}</c></summary>
    public const string TaskQueued = "task.queued";

    /// <summary>A worker took it. <c>{ worker, fence, turn }</c>: goes on after that turn.</summary>
    public const string TaskClaimed = "task.claimed";

    /// <summary>Back in the queue. <c>{ worker, reason }</c> where reason is <c>lease_lapsed</c>, <c>released</c>, <c>retry</c> or <c>message</c> (an answer came).</summary>
    public const string TaskRequeued = "task.requeued";

    /// <summary>Somebody asked for the end. <c>{}</c></summary>
    public const string TaskCancelRequested = "task.cancel_requested";

    /// <summary>A message for the agent came in. <c>{ number, text, question?, decision? }</c> where question is the id of the one that it answers.</summary>
    public const string TaskMessage = "task.message";

    /// <summary>The agent asks. <c>{ question, id, choices, approval?, expiresAt }</c> where question is the text of a <see cref="Contracts.Question"/>.</summary>
    public const string TaskAwaitingInput = "task.awaiting_input";

    /// <summary>Final. <c>{ delivery, summary }</c></summary>
    public const string TaskSucceeded = "task.succeeded";

    /// <summary>Final. <c>{ code, message }</c></summary>
    public const string TaskFailed = "task.failed";

    /// <summary>Final. <c>{}</c></summary>
    public const string TaskCanceled = "task.canceled";

    /// <summary>The workspace stands. <c>{ baseCommit, restoredTurn?, milliseconds }</c></summary>
    public const string WorkspaceReady = "workspace.ready";

    /// <summary>The agent says something. <c>{ text }</c></summary>
    public const string AgentMessage = "agent.message";

    /// <summary>The agent thinks. <c>{ text }</c></summary>
    public const string AgentReasoning = "agent.reasoning";

    /// <summary>A tool is called. <c>{ id, name, arguments }</c></summary>
    public const string ToolCall = "tool.call";

    /// <summary>A tool answered. <c>{ id, name, output, error }</c></summary>
    public const string ToolResult = "tool.result";

    /// <summary>A file differs. <c>{ path, kind }</c> where kind is <c>added</c>, <c>modified</c>, <c>deleted</c> or <c>renamed</c>.</summary>
    public const string FileChanged = "file.changed";

    /// <summary>The plan as it stands. <c>{ items: [{ text, done }] }</c></summary>
    public const string Plan = "plan";

    /// <summary>What a turn used. <c>{ model, inputTokens, cachedInputTokens, outputTokens, costUsd }</c></summary>
    public const string Usage = "usage";

    /// <summary>A turn is over and its checkpoint stored. <c>{ turn }</c></summary>
    public const string TurnFinished = "turn.finished";

    /// <summary>A program printed something. <c>{ text }</c>; both streams together, whole lines where there are any.</summary>
    public const string Output = "output";

    /// <summary>A step of the pipeline begins. <c>{ name, agent, place, of }</c> where place counts from 1.</summary>
    public const string StepStarted = "step.started";

    /// <summary>A step of the pipeline ended. <c>{ name, status, summary?, reason?, next? }</c> where next is the step to go on with where it is not the one after it.</summary>
    public const string StepFinished = "step.finished";

    /// <summary>A check begins. <c>{ command }</c></summary>
    public const string CheckStarted = "check.started";

    /// <summary>A check ended. <see cref="CheckResult"/></summary>
    public const string CheckFinished = "check.finished";

    /// <summary>Results were collected. <c>{ tests?, files, left }</c>: the artifacts' names, and what was left out and why.</summary>
    public const string Results = "results";

    /// <summary>The branch and patch are made. <see cref="Delivery"/></summary>
    public const string DeliveryFinished = "delivery.finished";
}
