using System.Diagnostics.CodeAnalysis;
using System.Text.Json;
using CodeAgent.Api.Artifacts;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Tasks;

/// <summary>
/// The tasks in Redis. A change is decided on what was read, and written only if nothing was written in between; otherwise it
/// is decided again. When a change is answered, it is durable.
/// </summary>
internal sealed partial class TaskStore(IConnectionMultiplexer redis, ArtifactStore files, TimeProvider time, ILogger<TaskStore> logger)
{
    private const int MostConflicts = 50;

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>The task; null where there is none.</summary>
    public async Task<TaskState?> FindAsync(Guid id) => (await ReadAsync(id, null)).State;

    /// <summary>The task; null where there is none, and where its record cannot be read.</summary>
    public async Task<TaskState?> FindReadableAsync(Guid id)
    {
        try
        {
            return await FindAsync(id);
        }
        catch (JsonException e)
        {
            LogUnreadable(e, id);
            return null;
        }
    }

    /// <summary>The task, for somebody of a tenant; null where there is none that they may know of.</summary>
    public async Task<TaskState?> FindAsync(Guid id, string? tenant) => await FindAsync(id) is { } state && state.IsSeenBy(tenant) ? state : null;

    /// <summary>The task with what was asked for, for somebody of a tenant; null where there is none that they may know of.</summary>
    public async Task<(TaskState State, TaskRequest Request)?> FindWithRequestAsync(Guid id, string? tenant)
    {
        var fields = await Redis.HashGetAsync(RedisKeys.Task(id), ["state", "request"]);
        return State(fields[0]) is { } state && state.IsSeenBy(tenant) ? (state, RequestOf(fields[1])) : null;
    }

    /// <summary>What was asked for.</summary>
    public async Task<TaskRequest> RequestAsync(Guid id) => RequestOf(await Redis.HashGetAsync(RedisKeys.Task(id), "request"));

    /// <summary>The steps of its pipeline; none where it is direct.</summary>
    public async Task<IReadOnlyList<PipelineStep>> StepsAsync(Guid id)
    {
        string? json = await Redis.HashGetAsync(RedisKeys.Task(id), "steps");
        return json is null ? [] : JsonSerializer.Deserialize(json, ContractsJson.Lenient.IReadOnlyListPipelineStep)!;
    }

    /// <summary>Follow-up messages after number <paramref name="after"/>, oldest first.</summary>
    public async Task<IReadOnlyList<FollowUp>> MessagesAsync(Guid id, int after, int limit)
    {
        var texts = await Redis.ListRangeAsync(TaskKeys.Messages(id), after, after + limit - 1);
        return [.. texts.Select((text, place) => Message((string)text!, after + 1 + place))];
    }

    /// <summary>The checkpoint; null where there is none.</summary>
    public async Task<Checkpoint?> CheckpointAsync(Guid id)
    {
        string? json = await Redis.StringGetAsync(TaskKeys.Checkpoint(id));
        return json is null ? null : JsonSerializer.Deserialize(json, ContractsJson.Lenient.Checkpoint);
    }

    /// <summary>Carries a command out.</summary>
    /// <param name="id">The task.</param>
    /// <param name="command">What is to happen.</param>
    /// <param name="more">Adds what belongs to the change and is kept beside the state.</param>
    /// <param name="cancellationToken">Stops trying; a change that was sent already may happen all the same.</param>
    /// <exception cref="RedisException">Redis cannot be reached.</exception>
    /// <exception cref="RedisTimeoutException">Redis did not answer; whether the change happened is not known.</exception>
    /// <exception cref="ProblemException">Others change the task so often that this change never had its turn.</exception>
    public async Task<Decision> ChangeAsync(
        Guid id, TaskCommand command, Action<TaskCommit, TaskState>? more = null, CancellationToken cancellationToken = default)
    {
        var unanswered = false;
        for (var conflicts = 0; conflicts < MostConflicts; conflicts++)
        {
            await BackOffAsync(conflicts, cancellationToken);

            // Where a new task is, there is nothing to read yet; if there is after all, the commit is refused.
            var (version, before, done) = command is TaskCommand.Submit && conflicts == 0 && !unanswered ? default : await ReadAsync(id, command.Once);
            if (done is not null && before?.IsSeenBy(command.By) == true)
            {
                return new Decision.Unchanged(before) { Said = JsonSerializer.Deserialize(done, ContractsJson.Lenient.FollowUp) };
            }

            var decision = Lifecycle.Decide(before, command, time.GetUtcNow());
            if (decision is not Decision.Changed changed)
            {
                return decision;
            }

            var commit = new TaskCommit(RedisKeys.Task(id), version);
            commit.Write(before, changed.State, changed.Events);
            if (command is TaskCommand.Submit submit)
            {
                commit.Do("HSET", RedisKeys.Task(id), "request", JsonSerializer.Serialize(submit.Request, ContractsJson.Default.TaskRequest),
                    "steps", JsonSerializer.Serialize(submit.Steps, ContractsJson.Default.IReadOnlyListPipelineStep));
            }

            if (changed.Said is { } said)
            {
                commit.Do("RPUSH", TaskKeys.Messages(id), JsonSerializer.Serialize(said, ContractsJson.Default.FollowUp));
            }

            if (command.Once is { } once)
            {
                commit.Do("HSET", RedisKeys.Task(id), TaskKeys.Once(once), JsonSerializer.Serialize(changed.Said, ContractsJson.Default.FollowUp));
            }

            more?.Invoke(commit, changed.State);
            CommitResult result;
            try
            {
                result = await commit.RunAsync(Redis);
            }
            catch (Exception e) when (!unanswered && e is RedisTimeoutException or RedisConnectionException)
            {
                // It may have been done, or may yet be. If it is done later, the version tells, and the next decision is made on it.
                LogUnanswered(e, id, command.GetType().Name);
                unanswered = true;
                result = await commit.WasDoneAsync(Redis) ? CommitResult.Done : CommitResult.Conflict;
            }

            if (result == CommitResult.AtLimit)
            {
                return new Decision.Refused(Refusal.NotDue, "As many tasks of its tenant, or on its repository, run as may.");
            }

            if (result == CommitResult.Done)
            {
                // Claims and lapses are told of by those who know the trace that they belong to.
                if (before?.Status != changed.State.Status && command is not (TaskCommand.Claim or TaskCommand.Lapse or TaskCommand.Expire or TaskCommand.Due))
                {
                    LogStatus(id, TaskIndexes.StatusName(changed.State.Status), command.GetType().Name);
                }

                await RemoveFilesAsync(before, changed.State);
                return changed;
            }
        }

        throw new ProblemException("busy", StatusCodes.Status503ServiceUnavailable, "The task is changed by others just now.")
        {
            RetryAfter = TimeSpan.FromSeconds(1),
        };
    }

    private async Task<(long Version, TaskState? State, string? Done)> ReadAsync(Guid id, Guid? once)
    {
        var fields = await Redis.HashGetAsync(RedisKeys.Task(id), once is { } request ? ["version", "state", TaskKeys.Once(request)] : ["version", "state"]);
        return (fields[0].IsNull ? 0 : (long)fields[0], State(fields[1]), fields.Length > 2 ? fields[2] : default(string));
    }

    private static TaskState? State(RedisValue json) => json.IsNull ? null : StateOf(json);

    /// <summary>A task as it is stored.</summary>
    public static TaskState StateOf(RedisValue json) => JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)json).Span, TasksJson.Default.TaskState)!;

    /// <summary>What was asked for, as it is stored.</summary>
    public static TaskRequest RequestOf(RedisValue json) => JsonSerializer.Deserialize(((ReadOnlyMemory<byte>)json).Span, ContractsJson.Lenient.TaskRequest)!;

    // Messages were stored as their plain text before they could answer questions.
    private static FollowUp Message(string stored, int number)
    {
        try
        {
            return JsonSerializer.Deserialize(stored, ContractsJson.Lenient.FollowUp) is { Text: not null } said ? said : new(number, stored);
        }
        catch (JsonException)
        {
            return new(number, stored);
        }
    }

    [SuppressMessage("Security", "CA5394", Justification = "Whoever can foresee how long a writer waits for another gains nothing.")]
    private Task BackOffAsync(int conflicts, CancellationToken cancellationToken) => conflicts == 0 ? Task.CompletedTask
        : Task.Delay(TimeSpan.FromMilliseconds(Random.Shared.Next(1, 2 << Math.Min(conflicts, 6))), time, cancellationToken);

    // The change is done; a file that stays costs only its space.
    private async Task RemoveFilesAsync(TaskState? before, TaskState after)
    {
        foreach (var key in (before?.ArtifactKeys() ?? []).Except(after.ArtifactKeys()))
        {
            try
            {
                await files.DeleteAsync(key);
            }
            catch (IOException e)
            {
                LogFileStays(e, key);
            }
        }
    }

    [LoggerMessage(LogLevel.Information, "Task {TaskId} is {Status} after {Command}")]
    private partial void LogStatus(Guid taskId, string status, string command);

    [LoggerMessage(LogLevel.Warning, "The record of task {TaskId} cannot be read")]
    private partial void LogUnreadable(Exception e, Guid taskId);

    [LoggerMessage(LogLevel.Warning, "Redis did not answer to {Command} of task {TaskId}; looking whether it was done")]
    private partial void LogUnanswered(Exception e, Guid taskId, string command);

    [LoggerMessage(LogLevel.Warning, "The artifact {Key} is needed no more, but cannot be removed")]
    private partial void LogFileStays(Exception e, string key);
}
