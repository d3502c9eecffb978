using System.Text.Json;

namespace CodeAgent.Contracts;

/// <summary>A worker asks for work: <c>POST /v1/leases</c>, with its worker key. Answered by a <see cref="Lease"/>, or 204 after <see cref="WaitSeconds"/> without one.</summary>
public sealed record ClaimRequest
{
    /// <summary>The worker's name, unique among the running ones.</summary>
    public required string Worker { get; init; }

    /// <summary>The agents it can run.</summary>
    public required IReadOnlyList<string> Agents { get; init; }

    /// <summary>Tasks it can run at once.</summary>
    public required int Capacity { get; init; }

    /// <summary>Tasks it runs now.</summary>
    public int Running { get; set; }

    /// <summary>How long the request may stay open. 0 to 60 seconds.</summary>
    public int WaitSeconds { get; set; } = 20;
}

/// <summary>The right to work on a task until it lapses.</summary>
public sealed record Lease
{
    /// <summary>The task.</summary>
    public required Guid TaskId { get; init; }

    /// <summary>Fencing number: grows with each claim; writes under an older one are refused with 409.</summary>
    public required long Fence { get; init; }

    /// <summary>Which attempt this is, from 1. A lease that was given back does not count.</summary>
    public required int Attempt { get; init; }

    /// <summary>Which run this is, from 1; a retry by a person begins the next, from nothing.</summary>
    public required int Run { get; init; }

    /// <summary>Bearer token for this task's lease endpoints and for the gateway, while the lease holds.</summary>
    public required string Token { get; init; }

    /// <summary>The lease lapses this long after the last heartbeat.</summary>
    public required double LeaseSeconds { get; init; }

    /// <summary>What is to be done.</summary>
    public required TaskRequest Request { get; init; }

    /// <summary>The steps of its pipeline, as they were when it was submitted; none where it is direct.</summary>
    public IReadOnlyList<PipelineStep> Steps { get; set; } = [];

    /// <summary>W3C <c>traceparent</c> of the request that submitted the task.</summary>
    public required string TraceParent { get; init; }

    /// <summary>Where an earlier attempt of this run got to.</summary>
    public Checkpoint? Checkpoint { get; set; }

    /// <summary>Follow-up messages that the checkpoint does not know, oldest first, an answer to its question among them.</summary>
    public IReadOnlyList<FollowUp> Messages { get; set; } = [];

    /// <summary>What earlier attempts of this run said about the work.</summary>
    public WorkView? Work { get; set; }

    /// <summary>What earlier attempts of this run used; counts against the limits.</summary>
    public required Usage Usage { get; init; }

    /// <summary>Seconds that earlier attempts of this run took; counts against <see cref="TaskLimits.Minutes"/>.</summary>
    public required double SecondsUsed { get; init; }
}

/// <summary>The state after a turn, enough to go on from it: <c>PUT /v1/leases/{taskId}/checkpoint</c>.</summary>
public sealed record Checkpoint
{
    /// <summary>The turn that is finished, from 1; 0 where the first one waits for an answer.</summary>
    public required int Turn { get; init; }

    /// <summary>The agent's own state (the conversation), opaque to the Api. 16 MiB at most.</summary>
    public required JsonElement State { get; init; }

    /// <summary>The commit that <see cref="Patch"/> is against.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>Name of the artifact, stored under this lease before, with the workspace's difference from the base: a binary git patch. None where nothing differs.</summary>
    public string? Patch { get; set; }

    /// <summary>Number of the last follow-up message that the agent has seen.</summary>
    public int MessagesSeen { get; set; }

    /// <summary>What the run used up to here, in all.</summary>
    public required Usage Usage { get; init; }
}

/// <summary>Says the worker is alive, and waits for news: <c>POST /v1/leases/{taskId}/heartbeat</c>.</summary>
public sealed record HeartbeatRequest
{
    /// <summary>Number of the last follow-up message that came; newer ones come back.</summary>
    public int MessagesSeen { get; set; }

    /// <summary>The lease is extended at once; the answer is held up to this many seconds, or until there is news. 0 to 30.</summary>
    public double WaitSeconds { get; set; }
}

/// <summary>What a heartbeat brings back.</summary>
public sealed record HeartbeatResponse
{
    /// <summary>The lease lapses this long from now.</summary>
    public required double LeaseSeconds { get; init; }

    /// <summary>Whether the worker must stop the agent and complete with <see cref="Outcome.Canceled"/>.</summary>
    public required bool CancelRequested { get; init; }

    /// <summary>Follow-up messages after <see cref="HeartbeatRequest.MessagesSeen"/>, oldest first.</summary>
    public IReadOnlyList<FollowUp> Messages { get; set; } = [];

    /// <summary>Whether the worker is to stop the agent and give the lease back. A later answer may take it back.</summary>
    public DrainOrder Drain { get; set; }
}

/// <summary>A message of a person to the agent.</summary>
/// <param name="Number">From 1, by task.</param>
/// <param name="Text">At most 100,000 characters; none only where there is a decision.</param>
/// <param name="Answer">What it answers, where it came while the task waited.</param>
public sealed record FollowUp(int Number, string Text, Answer? Answer = null);

/// <summary>The body of <c>POST /v1/tasks/{id}/messages</c>.</summary>
public sealed record MessageRequest
{
    /// <summary>1 to 100,000 characters. Can be left out beside a <see cref="Decision"/>.</summary>
    public string Text { get; set; } = "";

    /// <summary>Whether what the task asks to be approved is: needed exactly while it waits for that.</summary>
    public ApprovalDecision? Decision { get; set; }

    /// <summary><see cref="Contracts.Question.Id"/> of the question that this answers. Refused where the task does not wait for the answer to that one.</summary>
    public string? Question { get; set; }
}

/// <summary>Says that the agent is done and the delivery begins: <c>POST /v1/leases/{taskId}/close</c>. From then on messages are refused. 409 <c>messages-unread</c> where there are messages that the agent has not seen.</summary>
public sealed record CloseRequest
{
    /// <summary>Number of the last follow-up message that the agent has seen.</summary>
    public required int MessagesSeen { get; init; }
}

/// <summary>Events of a lease, in order: <c>POST /v1/leases/{taskId}/events</c>. A batch that is sent again is stored once.</summary>
public sealed record EventBatch
{
    /// <summary>Place of the first event among all that this lease reports, from 0.</summary>
    public required long First { get; init; }

    /// <summary>1 to 500 events.</summary>
    public required IReadOnlyList<WorkerEvent> Events { get; init; }
}

/// <summary>How an attempt ended.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(OutcomeConverter))]
public enum Outcome
{
    /// <summary>Done, checked and delivered.</summary>
    Succeeded,

    /// <summary>Ended with a reason; not tried again by itself.</summary>
    Failed,

    /// <summary>Ended because a heartbeat said so.</summary>
    Canceled,

    /// <summary>Not ended: the task waits for the answer to <see cref="CompleteRequest.Question"/>, and goes on from its checkpoint then.</summary>
    AwaitingInput,
}

/// <summary>Writes outcomes in lower case.</summary>
public sealed class OutcomeConverter() : System.Text.Json.Serialization.JsonStringEnumConverter<Outcome>(JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>Ends the lease, and the task unless it asks something: <c>POST /v1/leases/{taskId}/complete</c>. Sent again under the same lease, it is answered as before.</summary>
public sealed record CompleteRequest
{
    /// <summary>How it ended.</summary>
    public required Outcome Outcome { get; init; }

    /// <summary>Why, where it failed.</summary>
    public TaskFailure? Failure { get; set; }

    /// <summary>What the task waits for, where it does.</summary>
    public Question? Question { get; set; }

    /// <summary>What the agent says it did.</summary>
    public string? Summary { get; set; }

    /// <summary>What was handed over.</summary>
    public Delivery? Delivery { get; set; }

    /// <summary>How the checks ended.</summary>
    public IReadOnlyList<CheckResult> Checks { get; set; } = [];

    /// <summary>What the test reports say, where the request names any.</summary>
    public TestSummary? Tests { get; set; }

    /// <summary>Turns finished in all.</summary>
    public int Turns { get; set; }

    /// <summary>What the run used, in all.</summary>
    public Usage Usage { get; set; } = new();
}

/// <summary>Gives the lease back unfinished, so that another worker goes on at once: <c>POST /v1/leases/{taskId}/release</c>. The attempt does not count.</summary>
public sealed record ReleaseRequest
{
    /// <summary>Why, for the log.</summary>
    public required string Reason { get; init; }
}
