using System.Globalization;
using CodeAgent.Api.Operations;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using StackExchange.Redis;

namespace CodeAgent.Api.Legacy;

/// <summary>Says what is true now in the words of the old server.</summary>
internal sealed class LegacyReader(
    StatusReader status, OperationsStore operations, WorkerRegistry workers, TaskStore tasks, IConnectionMultiplexer redis, IConfiguration configuration)
{
    private const int LongestText = 200;

    /// <summary>For <c>GET /</c>.</summary>
    /// <param name="tenant">Whose tasks; all where it is null. The server's folder, and what counts the work of all, is told to the house alone.</param>
    /// <param name="port">Where it was asked.</param>
    public async Task<LegacyIndex> IndexAsync(string? tenant, int port)
    {
        var (now, operated) = (await status.ReadAsync(tenant), await operations.ViewAsync());
        var tasks = Tasks(now);
        return new(operated.State, port, SessionId(operated), tenant is null ? operated.Claims : 0,
            new(tasks.Total, tasks.Completed, tasks.Failed, tasks.InProgress, tasks.Pending), ProjectDir(tenant), await HasCursorAsync(), AutoTodoEnabled: false);
    }

    /// <summary>For <c>GET /status</c>; see <see cref="IndexAsync"/>.</summary>
    public async Task<LegacyStatus> StatusAsync(string? tenant, int port)
    {
        var (now, operated) = (await status.ReadAsync(tenant), await operations.ViewAsync());
        return new(
            new(operated.State, operated.State == OperationsView.StateRunning, port, ProjectDir(tenant), await HasCursorAsync(), AutoTodoEnabled: false),
            new(operated.EndedCleanly, operated.StartedAt, operated.EndedAt, SessionId(operated), tenant is null ? operated.Claims : 0,
                Activity(operated.State, now.Tasks["running"]), tenant is null ? operated.Restarts : 0, tenant is null && operated.RestartPending),
            Tasks(now), await CurrentAsync(tenant));
    }

    // Canceled ones are in the total alone: the old server had none.
    private static LegacyTasks Tasks(SystemStatus now)
    {
        var count = now.Tasks;
        return new(count["running"], count["succeeded"], count["failed"], count["queued"] + count["awaiting_input"], count.Values.Sum(), count["queued"]);
    }

    private static string Activity(string state, long running) => (state, running) switch
    {
        (OperationsView.StateRunning, 0) => "waiting for tasks",
        (OperationsView.StateRunning, 1) => "running 1 task",
        (OperationsView.StateRunning, _) => string.Create(CultureInfo.InvariantCulture, $"running {running} tasks"),
        (OperationsView.StateDraining, _) => string.Create(CultureInfo.InvariantCulture, $"stopping: {running} tasks are being given back"),
        _ => "stopped",
    };

    private static string SessionId(OperationsView operated) => operated.StartedAt.UtcDateTime.ToString("yyyyMMdd_HHmmss", CultureInfo.InvariantCulture);

    private string ProjectDir(string? tenant) => tenant is null ? Path.GetFullPath(configuration["CODEAGENT_HOME"] ?? Directory.GetCurrentDirectory()) : "";

    private async Task<bool> HasCursorAsync() => (await workers.PresentAsync()).Any(worker => worker.Agents.Contains(AgentNames.Cursor));

    // Ids sort by the time they were made.
    private async Task<LegacyTask?> CurrentAsync(string? tenant)
    {
        var first = await redis.GetDatabase().SortedSetRangeByRankAsync(TaskKeys.Status(TaskStatus.Running, tenant), 0, 0);
        if (first is not [var id] || await tasks.FindWithRequestAsync(Guid.Parse(id.ToString()), tenant) is not var (task, request))
        {
            return null;
        }

        var text = request.Prompt.Length <= LongestText ? request.Prompt : request.Prompt[..LongestText];
        return new(task.Id, text, "in_progress", task.StartedAt, task.Attempt);
    }
}
