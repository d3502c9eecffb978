using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>Where a task is in its life.</summary>
[JsonConverter(typeof(TaskStatusConverter))]
public enum TaskStatus
{
    /// <summary>Accepted and durable; no worker has it.</summary>
    Queued,

    /// <summary>A worker holds its lease.</summary>
    Running,

    /// <summary>Waits for a person's answer; no worker has it.</summary>
    AwaitingInput,

    /// <summary>Done and delivered. Final.</summary>
    Succeeded,

    /// <summary>Ended with a reason. Final, until it is retried.</summary>
    Failed,

    /// <summary>Ended because somebody asked for it. Final, until it is retried.</summary>
    Canceled,
}

/// <summary>Writes the states in snake case, as in <c>awaiting_input</c>.</summary>
public sealed class TaskStatusConverter() : JsonStringEnumConverter<TaskStatus>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>A task as <c>GET /v1/tasks/{id}</c> shows it.</summary>
public sealed record TaskView
{
    /// <summary>UUIDv7.</summary>
    public required Guid Id { get; init; }

    /// <summary>Where it is in its life.</summary>
    public required TaskStatus Status { get; init; }

    /// <summary>When it was accepted.</summary>
    public required DateTimeOffset CreatedAt { get; init; }

    /// <summary>When it last changed.</summary>
    public required DateTimeOffset UpdatedAt { get; init; }

    /// <summary>When a worker first took it.</summary>
    public DateTimeOffset? StartedAt { get; set; }

    /// <summary>When it reached its final state.</summary>
    public DateTimeOffset? FinishedAt { get; set; }

    /// <summary>The trace that submitted it: 32 hexadecimal digits, the answer's <c>X-Correlation-Id</c>.</summary>
    public required string CorrelationId { get; init; }

    /// <summary>What was asked for, with the defaults filled in.</summary>
    public required TaskRequest Request { get; init; }

    /// <summary>Where it stands in the queue, while it does. Only where one task is asked for, not in lists.</summary>
    public QueueView? Queue { get; set; }

    /// <summary>Attempts begun, the present one included. 0 while it was never claimed. One that ends with a question, or is given back by its worker, is not counted.</summary>
    public required int Attempt { get; init; }

    /// <summary>After this many attempts it fails.</summary>
    public required int MaxAttempts { get; init; }

    /// <summary>Turns the agent has finished.</summary>
    public required int Turns { get; init; }

    /// <summary>Whether a cancel was asked for that the worker has not carried out yet.</summary>
    public bool CancelRequested { get; set; }

    /// <summary>The worker that has it now.</summary>
    public string? Worker { get; set; }

    /// <summary>What it waits for, where it is <see cref="TaskStatus.AwaitingInput"/>: answered with <c>POST …/messages</c>.</summary>
    public Question? Question { get; set; }

    /// <summary>Why it failed.</summary>
    public TaskFailure? Failure { get; set; }

    /// <summary>What the agent says it did.</summary>
    public string? Summary { get; set; }

    /// <summary>What was handed over.</summary>
    public Delivery? Delivery { get; set; }

    /// <summary>How the checks of the last attempt ended.</summary>
    public IReadOnlyList<CheckResult> Checks { get; set; } = [];

    /// <summary>What the test reports of the last attempt say, where the request names any.</summary>
    public TestSummary? Tests { get; set; }

    /// <summary>What the models used so far.</summary>
    public required Usage Usage { get; init; }

    /// <summary>What its worker says about the work; none before the first claim.</summary>
    public WorkView? Work { get; set; }

    /// <summary>What can be had at <c>…/artifacts/{name}</c>.</summary>
    public IReadOnlyList<ArtifactView> Artifacts { get; set; } = [];

    /// <summary>Number of the newest event.</summary>
    public required long LastEvent { get; init; }
}

/// <summary>Where a task stands in the queue.</summary>
public sealed record QueueView
{
    /// <summary>About the how manieth of the tasks for its agent it is, from 1, as turns, weights and priorities are now. What is at a limit is not taken into account.</summary>
    public long? Place { get; set; }

    /// <summary>When it enters the queue: it waits for its next attempt.</summary>
    public DateTimeOffset? NotBefore { get; set; }
}

/// <summary>A page of a list.</summary>
/// <param name="Items">The page's items.</param>
/// <param name="Next">What to pass as <c>cursor</c> for the page after it; none on the last page.</param>
public sealed record Page<T>(IReadOnlyList<T> Items, string? Next);

/// <summary>Why a task failed.</summary>
/// <param name="Code">Stable, for programs: one of <see cref="FailureCodes"/>.</param>
/// <param name="Message">For people.</param>
public sealed record TaskFailure(string Code, string Message);

/// <summary>The codes of <see cref="TaskFailure.Code"/>.</summary>
public static class FailureCodes
{
    /// <summary>The repository could not be cloned.</summary>
    public const string RepositoryUnavailable = "repository_unavailable";

    /// <summary>The repository has no such branch, tag or commit.</summary>
    public const string RefNotFound = "ref_not_found";

    /// <summary>A check did not exit with 0.</summary>
    public const string CheckFailed = "check_failed";

    /// <summary>The gateway knows no such model.</summary>
    public const string ModelNotFound = "model_not_found";

    /// <summary>The gateway or the provider behind it refused or failed.</summary>
    public const string ModelFailed = "model_failed";

    /// <summary>The agent ended without success: a script's exit code, a crash.</summary>
    public const string AgentFailed = "agent_failed";

    /// <summary>No worker can run such an agent.</summary>
    public const string AgentUnavailable = "agent_unavailable";

    /// <summary>The worker cannot keep programs in the sandbox that is asked for.</summary>
    public const string SandboxUnavailable = "sandbox_unavailable";

    /// <summary>The agent did the same over and over.</summary>
    public const string Stuck = "stuck";

    /// <summary>A limit was reached: one of <see cref="TaskLimits"/>, or one that the gateway keeps; the message says which.</summary>
    public const string LimitReached = "limit_reached";

    /// <summary>Nobody answered the task's question within <see cref="TaskLimits.WaitMinutes"/>.</summary>
    public const string NoAnswer = "no_answer";

    /// <summary>The branch could not be made or pushed.</summary>
    public const string DeliveryFailed = "delivery_failed";

    /// <summary>The last attempt's worker was lost.</summary>
    public const string AttemptsExhausted = "attempts_exhausted";

    /// <summary>The worker failed in a way it did not foresee; its log has the details.</summary>
    public const string WorkerError = "worker_error";
}

/// <summary>What was handed over.</summary>
public sealed record Delivery
{
    /// <summary>The branch.</summary>
    public required string Branch { get; init; }

    /// <summary>The commit that the work began from: 40 hexadecimal digits.</summary>
    public required string BaseCommit { get; init; }

    /// <summary>The commit with the work; the base itself where nothing changed.</summary>
    public required string Commit { get; init; }

    /// <summary>Whether the branch is in the repository that it came from.</summary>
    public required bool Pushed { get; init; }

    /// <summary>Files that differ from the base.</summary>
    public required int FilesChanged { get; init; }

    /// <summary>The commit of the base branch that the work was put on, where that had moved.</summary>
    public string? RebasedOnto { get; set; }

    /// <summary>The pull request.</summary>
    public PullRequestView? PullRequest { get; set; }

    /// <summary>What did not go as it was asked for, though the work is delivered.</summary>
    public string? Warning { get; set; }
}

/// <summary>How a check ended.</summary>
public sealed record CheckResult
{
    /// <summary>The shell command.</summary>
    public required string Command { get; init; }

    /// <summary>Its exit code; 124 where its time ran out.</summary>
    public required int ExitCode { get; init; }

    /// <summary>Seconds it took.</summary>
    public required double Seconds { get; init; }

    /// <summary>The end of what it printed, both streams together, 16,000 characters at most.</summary>
    public string Output { get; set; } = "";
}

/// <summary>What a worker says about the work on a task: <c>PUT /v1/leases/{taskId}/work</c>, all of it each time.</summary>
public sealed record WorkView
{
    /// <summary>What the agent's programs are kept in: <c>none</c>, <c>bubblewrap</c> or <c>container</c>.</summary>
    public string? Sandbox { get; set; }

    /// <summary>What whoever reads the result should know, such as model calls that do not go through the gateway. At most 20, 1,000 characters each.</summary>
    public IReadOnlyList<string> Notes { get; set; } = [];

    /// <summary>The steps of the task's pipeline, in order; none where it has only one.</summary>
    public IReadOnlyList<StepView> Steps { get; set; } = [];
}

/// <summary>A step of a task's pipeline.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Status"><c>pending</c>, <c>running</c>, <c>succeeded</c>, <c>failed</c> or <c>skipped</c>.</param>
/// <param name="Summary">What its agent says it did.</param>
public sealed record StepView(string Name, string Status, string? Summary = null);

/// <summary>What the models used.</summary>
public sealed record Usage
{
    /// <summary>Tokens sent, cached ones included.</summary>
    public long InputTokens { get; set; }

    /// <summary>Those of <see cref="InputTokens"/> that the provider had in its cache.</summary>
    public long CachedInputTokens { get; set; }

    /// <summary>Tokens received, reasoning included.</summary>
    public long OutputTokens { get; set; }

    /// <summary>US dollars by the gateway's prices.</summary>
    public decimal CostUsd { get; set; }

    /// <summary>The sum of two.</summary>
    public static Usage operator +(Usage left, Usage right) => left.Add(right);

    /// <summary>The sum of this and <paramref name="other"/>.</summary>
    public Usage Add(Usage other) => new()
    {
        InputTokens = InputTokens + other.InputTokens,
        CachedInputTokens = CachedInputTokens + other.CachedInputTokens,
        OutputTokens = OutputTokens + other.OutputTokens,
        CostUsd = CostUsd + other.CostUsd,
    };
}

/// <summary>Something a task left: the patch, the log, a report.</summary>
public sealed record ArtifactView
{
    /// <summary>Its name, as in the address: letters, digits, dot, dash and underscore, 100 at most.</summary>
    public required string Name { get; init; }

    /// <summary>Its media type.</summary>
    public required string ContentType { get; init; }

    /// <summary>Its length in bytes.</summary>
    public required long Length { get; init; }

    /// <summary>SHA-256 in lower-case hexadecimal.</summary>
    public required string Sha256 { get; init; }

    /// <summary>When it was stored.</summary>
    public required DateTimeOffset CreatedAt { get; init; }
}
