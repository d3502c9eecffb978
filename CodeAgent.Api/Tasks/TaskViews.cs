using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

internal static class TaskViews
{
    /// <summary>The task as clients see it.</summary>
    public static TaskView ToView(this TaskState task, TaskRequest request) => new()
    {
        Id = task.Id,
        Status = task.Status,
        CreatedAt = task.CreatedAt,
        UpdatedAt = task.UpdatedAt,
        StartedAt = task.StartedAt,
        FinishedAt = task.FinishedAt,
        CorrelationId = task.CorrelationId,
        Request = request,
        Attempt = task.Attempt,
        MaxAttempts = task.MaxAttempts,
        Turns = task.Turns,
        CancelRequested = task.CancelRequested && !task.IsFinal,
        Worker = task.Lease?.Worker,
        Question = task.Question,
        Failure = task.Failure,
        Summary = task.Summary,
        Delivery = task.Delivery,
        Checks = task.Checks,
        Tests = task.Tests,
        Usage = task.EarlierUsage + task.Usage,
        Work = task.Work,
        Artifacts = [.. task.Artifacts.Where(artifact => !artifact.IsInternal).Select(artifact => artifact.ToView())],
        LastEvent = task.LastEvent,
    };
}
