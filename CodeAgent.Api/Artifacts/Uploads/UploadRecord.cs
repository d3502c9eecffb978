using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>What an upload that comes in parts will be; in a file beside its content, so that every instance can go on with it.</summary>
/// <param name="Task">The task that it is for.</param>
/// <param name="Fence">The fencing number of the lease that began it; it ends with that lease.</param>
/// <param name="Name">The artifact's name.</param>
/// <param name="ContentType">Its media type as the worker says it.</param>
/// <param name="Length">Bytes that there will be.</param>
internal sealed record UploadRecord(Guid Task, long Fence, string Name, string? ContentType, long Length);

/// <inheritdoc />
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(UploadRecord))]
internal sealed partial class UploadsJson : JsonSerializerContext;
