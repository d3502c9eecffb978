using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>The JSON of the wire: camelCase, unknown fields refused, nothing written that is null.</summary>
/// <remarks>Optional properties of the contracts have setters rather than initializers: generated readers forget the defaults of <c>init</c> properties that are left out.</remarks>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    AllowDuplicateProperties = false)]
[JsonSerializable(typeof(TaskRequest))]
[JsonSerializable(typeof(TaskView))]
[JsonSerializable(typeof(Page<TaskView>))]
[JsonSerializable(typeof(Page<TaskEvent>))]
[JsonSerializable(typeof(Page<ArtifactView>))]
[JsonSerializable(typeof(TaskEvent))]
[JsonSerializable(typeof(ClaimRequest))]
[JsonSerializable(typeof(Lease))]
[JsonSerializable(typeof(IReadOnlyList<PipelineStep>))]
[JsonSerializable(typeof(Checkpoint))]
[JsonSerializable(typeof(HeartbeatRequest))]
[JsonSerializable(typeof(HeartbeatResponse))]
[JsonSerializable(typeof(MessageRequest))]
[JsonSerializable(typeof(FollowUp))]
[JsonSerializable(typeof(CloseRequest))]
[JsonSerializable(typeof(EventBatch))]
[JsonSerializable(typeof(CompleteRequest))]
[JsonSerializable(typeof(ReleaseRequest))]
[JsonSerializable(typeof(ArtifactView))]
[JsonSerializable(typeof(SystemStatus))]
[JsonSerializable(typeof(OperationsView))]
[JsonSerializable(typeof(Delivery))]
[JsonSerializable(typeof(CheckResult))]
[JsonSerializable(typeof(Usage))]
[JsonSerializable(typeof(WorkView))]
[JsonSerializable(typeof(TestSummary))]
public sealed partial class ContractsJson : JsonSerializerContext
{
    /// <summary>
    /// Reads what we wrote ourselves, in Redis or as the other side of the wire between Api and worker: a field that a newer
    /// version added is no reason to lose a task. Only what clients send is read strictly, and looked through for names that come twice.
    /// </summary>
    public static ContractsJson Lenient => field ??= new(new JsonSerializerOptions(Default.Options)
    {
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Skip,
        AllowDuplicateProperties = true,
    });
}
