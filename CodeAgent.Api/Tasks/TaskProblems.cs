using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Tasks;

/// <summary>Refusals as clients see them.</summary>
internal static class TaskProblems
{
    public static ProblemException NotFound() => new("task-not-found", StatusCodes.Status404NotFound, "There is no task with this id.");

    public static ProblemException Invalid(string field, string detail) => new("invalid-field", StatusCodes.Status400BadRequest, detail) { Field = field };

    /// <summary>The state after the decision.</summary>
    /// <exception cref="ProblemException">It was a refusal.</exception>
    public static TaskState Require(this Decision decision) => decision switch
    {
        Decision.Changed changed => changed.State,
        Decision.Unchanged unchanged => unchanged.State,
        Decision.Refused refused => throw refused.ToProblem(),
        _ => throw new ArgumentOutOfRangeException(nameof(decision), decision, "Not a decision."),
    };

    private static ProblemException ToProblem(this Decision.Refused refused) => refused.Reason switch
    {
        Refusal.NotFound => NotFound(),
        Refusal.Invalid => Invalid(refused.Field!, refused.Detail),
        Refusal.LeaseLost => Conflict("lease-lost", refused),
        Refusal.Final => Conflict("task-final", refused),
        Refusal.NobodyReads => Conflict("nobody-reads", refused),
        Refusal.NotAsked => Conflict("not-asked", refused),
        Refusal.MessagesUnread => Conflict("messages-unread", refused),
        Refusal.NotRetriable => Conflict("task-not-retriable", refused),
        Refusal.EventGap => Conflict("event-gap", refused),
        Refusal.CheckpointBehind => Conflict("checkpoint-behind", refused),
        _ => Conflict("conflict", refused),
    };

    private static ProblemException Conflict(string type, Decision.Refused refused) =>
        new(type, StatusCodes.Status409Conflict, refused.Detail) { Field = refused.Field };
}
