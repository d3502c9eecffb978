using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

/// <summary>The JSON in Redis. Fields that an older or newer version of the Api wrote are no reason to lose a task, so unknown ones are let through.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(TaskState))]
[JsonSerializable(typeof(JsonObject))]
[JsonSerializable(typeof(ApprovalDecision))]
[JsonSerializable(typeof(Approval))]
internal sealed partial class TasksJson : JsonSerializerContext;
