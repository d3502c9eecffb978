using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.LlmGateway.Admin;

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web,
    UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
    DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull,
    NumberHandling = JsonNumberHandling.Strict,
    RespectNullableAnnotations = true,
    UseStringEnumConverter = true)]
[JsonSerializable(typeof(KeyRequest))]
[JsonSerializable(typeof(NewKeyView))]
[JsonSerializable(typeof(KeyPage))]
[JsonSerializable(typeof(UsageView))]
[JsonSerializable(typeof(RouteList))]
internal sealed partial class AdminJson : JsonSerializerContext;
