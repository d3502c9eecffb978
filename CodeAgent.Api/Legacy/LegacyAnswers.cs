using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Api.Legacy;

/// <summary>The answer of <c>GET /</c>. What each field of the old server means here is in docs/operations.md.</summary>
internal sealed record LegacyIndex(
    string Status, int Port, string SessionId, long Iteration, LegacyStatistics Statistics, string ProjectDir, bool CursorCliAvailable, bool AutoTodoEnabled);

/// <summary>Tasks by what became of them.</summary>
internal sealed record LegacyStatistics(long TotalTasks, long Completed, long Failed, long InProgress, long Pending);

/// <summary>The answer of <c>GET /status</c>.</summary>
internal sealed record LegacyStatus(LegacyServer Server, LegacyServerState ServerState, LegacyTasks Tasks, LegacyTask? CurrentTask);

/// <summary>The server.</summary>
internal sealed record LegacyServer(string Status, bool Running, int Port, string ProjectDir, bool CursorCliAvailable, bool AutoTodoEnabled);

/// <summary>Its starts and stops.</summary>
internal sealed record LegacyServerState(
    bool CleanShutdown, DateTimeOffset LastStartTime, DateTimeOffset? LastStopTime, string SessionId, long IterationCount,
    string CurrentActivity, long RestartCount, bool PendingRestart);

/// <summary>Tasks by what became of them.</summary>
internal sealed record LegacyTasks(long InProgress, long Completed, long Failed, long Pending, long Total, long PendingInTodo);

/// <summary>The task that runs; of several the one that was submitted first.</summary>
internal sealed record LegacyTask(Guid TaskId, string TaskText, string State, DateTimeOffset? StartTime, int Attempts);

/// <summary>The answer of <c>POST /stop</c> and <c>POST /restart</c>.</summary>
internal sealed record LegacyDone(string Status, string Message);

/// <summary>The old server's JSON: snake_case, and every field always there.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.Never)]
[JsonSerializable(typeof(LegacyIndex))]
[JsonSerializable(typeof(LegacyStatus))]
[JsonSerializable(typeof(LegacyDone))]
internal sealed partial class LegacyJson : JsonSerializerContext;
