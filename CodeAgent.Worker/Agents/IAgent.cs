using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;
using CodeAgent.Worker.Approvals;
using CodeAgent.Worker.Sandboxes;

namespace CodeAgent.Worker.Agents;

/// <summary>Does the work of a task in a workspace.</summary>
internal interface IAgent
{
    /// <summary>The name that a task asks for it by.</summary>
    string Name { get; }

    /// <summary>Whether a check that fails, and what people write, can be given back to it as <see cref="AgentRun.Feedback"/>.</summary>
    bool TakesFeedback { get; }

    /// <summary>The program of this machine that it is, which its sandbox has to show and let reach the gateway; none where it is part of the worker.</summary>
    string? Program => null;

    /// <summary>Runs until the agent is done, or a limit is reached, or it is in circles: the result says which.</summary>
    /// <exception cref="OperationCanceledException">The run was stopped from outside: canceled, drained, or the lease is lost.</exception>
    Task<AgentResult> RunAsync(AgentRun run, CancellationToken cancellationToken);
}

/// <summary>What an agent works on and with.</summary>
internal sealed record AgentRun
{
    /// <summary>The lease, with what is asked for.</summary>
    public required Lease Lease { get; init; }

    /// <summary>Folder of the workspace, an absolute path without links in it.</summary>
    public required string Workspace { get; init; }

    /// <summary>Where its programs run.</summary>
    public required ISandbox Sandbox { get; init; }

    /// <summary>What its tools may do. Only agents whose tools are the worker's own can be held to it.</summary>
    public ApprovalPolicy Approvals { get; init; } = ApprovalPolicy.None;

    /// <summary>To whom it reports.</summary>
    public required IAgentSession Session { get; init; }

    /// <summary>Turns finished so far in this run of the task.</summary>
    public int Turn { get; init; }

    /// <summary>The agent's state after <see cref="Turn"/>, as it gave it; none at the start.</summary>
    public JsonElement? State { get; init; }

    /// <summary>Number of the last follow-up message that is part of <see cref="State"/>.</summary>
    public int MessagesSeen { get; init; }

    /// <summary>What the run used so far.</summary>
    public required Usage Usage { get; init; }

    /// <summary>What the checks or people said after the agent was done, when it is run again because of that. Messages that are in here are counted in <see cref="MessagesSeen"/>.</summary>
    public string? Feedback { get; init; }
}

/// <summary>How an agent's run ended.</summary>
internal sealed record AgentResult
{
    /// <summary>Why it failed; none where it is done.</summary>
    public TaskFailure? Failure { get; init; }

    /// <summary>What it waits for; none where it does not. Its state was stored with the call that waits.</summary>
    public Question? Question { get; init; }

    /// <summary>What it says it did.</summary>
    public string? Summary { get; init; }

    /// <summary>How it says that it ended; none where it does not say, which is no failure.</summary>
    public AgentVerdict? Verdict { get; init; }

    /// <summary>Why, where it says.</summary>
    public IReadOnlyList<string> Reasons { get; init; } = [];

    /// <summary>Turns finished in this run of the task, earlier ones included.</summary>
    public int Turn { get; init; }

    /// <summary>The state to go on from, where checks give it something to do.</summary>
    public JsonElement? State { get; init; }

    /// <summary>Number of the last follow-up message that is part of <see cref="State"/>.</summary>
    public int MessagesSeen { get; init; }

    /// <summary>What the run used, in all.</summary>
    public required Usage Usage { get; init; }
}

/// <summary>What an agent says of its own work, or of what it was to judge.</summary>
[JsonConverter(typeof(AgentVerdictConverter))]
internal enum AgentVerdict
{
    /// <summary>It is as it should be.</summary>
    Done,

    /// <summary>Something must be put right.</summary>
    NeedsWork,

    /// <summary>It cannot be done.</summary>
    Failed,
}

/// <summary>Writes verdicts in snake case.</summary>
internal sealed class AgentVerdictConverter() : JsonStringEnumConverter<AgentVerdict>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>The agent's side of the lease.</summary>
internal interface IAgentSession
{
    /// <summary>When <see cref="TaskLimits.Minutes"/> are used up, earlier attempts counted.</summary>
    DateTimeOffset Deadline { get; }

    /// <summary>Reports an event: queued here, sent in order, waiting only where the queue is full.</summary>
    /// <param name="type">One of <see cref="EventTypes"/>.</param>
    /// <param name="data">What goes into its data: serialized as JSON, camelCase.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    ValueTask ReportAsync(string type, object data, CancellationToken cancellationToken);

    /// <summary>Puts a note on the task, for whoever reads the result. The same note twice is one.</summary>
    Task NoteAsync(string note, CancellationToken cancellationToken);

    /// <summary>Stores the state after a turn together with the workspace as it is now, and reports <c>turn.finished</c>, once for each turn: a turn that waits for a person is stored under the number of the one before it. Returns when it is durable.</summary>
    Task CheckpointAsync(int turn, JsonElement state, int messagesSeen, Usage usage, CancellationToken cancellationToken);

    /// <summary>Follow-up messages with numbers above <paramref name="after"/> that have come by now, oldest first.</summary>
    IReadOnlyList<FollowUp> MessagesAfter(int after);
}
