using System.Globalization;
using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Callbacks;

/// <summary>Puts a callback among the writes of the change that it tells of: either both are there, or none.</summary>
internal static class CallbackOutbox
{
    /// <summary>What a callback says of a summary, in characters; all of it is in the task.</summary>
    private const int LongestSummary = 10_000;

    private const char OfTenant = ' ';

    public static void WriteCallback(this TaskCommit commit, TaskState? before, TaskState after)
    {
        if (after.Callback is not { } url || before?.Status == after.Status || TypeOf(after.Status) is not { } type)
        {
            return;
        }

        var (id, receiver) = ($"msg_{after.Id:N}_{after.LastEvent}", ReceiverOf(url, after.Tenant));
        var (at, body) = (after.UpdatedAt.ToUnixTimeMilliseconds(), JsonSerializer.Serialize(Payload(type, after), CallbacksJson.Default.CallbackPayload));
        commit.Do("HSET", CallbackKeys.Callback(id), "task", after.Id.ToString(), "tenant", after.Tenant ?? "", "url", url,
            "trace", after.TraceParent, "type", type, "at", at, "body", body, "attempts", 0);
        commit.Do("ZADD", CallbackKeys.Queue(receiver), at, id);
        commit.Do("ZADD", CallbackKeys.Receivers, "LT", at, receiver);
        commit.Publish(CallbackKeys.Channel, receiver);
    }

    /// <summary>The host and the port that an address leads to, for one tenant: what fails for one must not make the others wait.</summary>
    public static string ReceiverOf(string url, string? tenant) =>
        string.Create(CultureInfo.InvariantCulture, $"{new Uri(url).IdnHost}:{new Uri(url).Port}{(tenant is null ? "" : $"{OfTenant}{tenant}")}");

    /// <summary>Whose a receiver is; null: of no tenant.</summary>
    public static string? TenantOf(string receiver) => receiver.IndexOf(OfTenant) is >= 0 and var at ? receiver[(at + 1)..] : null;

    private static string? TypeOf(TaskStatus status) => status switch
    {
        TaskStatus.AwaitingInput => EventTypes.TaskAwaitingInput,
        TaskStatus.Succeeded => EventTypes.TaskSucceeded,
        TaskStatus.Failed => EventTypes.TaskFailed,
        TaskStatus.Canceled => EventTypes.TaskCanceled,
        _ => null,
    };

    private static CallbackPayload Payload(string type, TaskState task) => new(type, task.UpdatedAt, new()
    {
        Id = task.Id,
        Status = task.Status,
        CreatedAt = task.CreatedAt,
        FinishedAt = task.FinishedAt,
        CorrelationId = task.CorrelationId,
        Labels = task.Labels,
        Question = task.Question,
        Failure = task.Failure,
        Summary = task.Summary is { Length: > LongestSummary } summary ? summary[..LongestSummary] : task.Summary,
        Delivery = task.Delivery,
        Usage = task.EarlierUsage + task.Usage,
        LastEvent = task.LastEvent,
    });
}
