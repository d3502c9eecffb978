using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.LlmGateway.Protocols;

[JsonSerializable(typeof(JsonElement))]
internal sealed partial class ElementJson : JsonSerializerContext;
