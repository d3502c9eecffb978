using System.Globalization;
using System.Text.Json;
using System.Text.Json.Nodes;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Turns Google's kind of schema into a JSON schema: types in capitals, counts as texts, <c>nullable</c>.</summary>
internal static class GeminiSchema
{
    private static readonly HashSet<string> Counts = ["minItems", "maxItems", "minLength", "maxLength", "minProperties", "maxProperties"];

    public static JsonElement ToJsonSchema(JsonElement schema) => JsonSerializer.SerializeToElement(Schema(schema), SchemaJson.Default.JsonNode);

    private static JsonNode? Schema(JsonElement schema)
    {
        if (schema.ValueKind != JsonValueKind.Object)
        {
            return Node(schema);
        }

        var result = new JsonObject();
        var nullable = schema.TryGetProperty("nullable", out var flag) && flag.ValueKind == JsonValueKind.True;
        foreach (var property in schema.EnumerateObject())
        {
            var value = property.Value;
            switch (property.Name)
            {
                case "type" when value.ValueKind == JsonValueKind.String && value.GetString() is { } type:
                    if (type != "TYPE_UNSPECIFIED")
                    {
                        result["type"] = nullable ? new JsonArray(type.ToLowerInvariant(), "null") : type.ToLowerInvariant();
                    }

                    break;
                case "properties" when value.ValueKind == JsonValueKind.Object:
                    result["properties"] = Properties(value);
                    break;
                case "items" or "additionalProperties":
                    result[property.Name] = Schema(value);
                    break;
                case "anyOf" or "any_of" when value.ValueKind == JsonValueKind.Array:
                    result["anyOf"] = new JsonArray([.. value.EnumerateArray().Select(Schema)]);
                    break;
                case "example":
                    result["examples"] = new JsonArray(Node(value));
                    break;
                case "format" when value.ValueKind == JsonValueKind.String && value.GetString() == "enum":
                case "nullable" or "propertyOrdering" or "property_ordering":
                    // The first says nothing that "enum" does not; the order is how the answer is laid out, not what fits.
                    break;
                case var name when Counts.Contains(name) && value.ValueKind == JsonValueKind.String && long.TryParse(value.GetString(), CultureInfo.InvariantCulture, out var count):
                    result[name] = count;
                    break;
                default:
                    result[property.Name] = Node(value);
                    break;
            }
        }

        return result;
    }

    // Of a name that is there twice the last one counts, as everywhere in JSON.
    private static JsonObject Properties(JsonElement properties)
    {
        var result = new JsonObject();
        foreach (var property in properties.EnumerateObject())
        {
            result[property.Name] = Schema(property.Value);
        }

        return result;
    }

    private static JsonNode? Node(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => JsonObject.Create(value.Clone()),
        JsonValueKind.Array => JsonArray.Create(value.Clone()),
        JsonValueKind.Null => null,
        _ => JsonValue.Create(value.Clone()),
    };
}

[System.Text.Json.Serialization.JsonSerializable(typeof(JsonNode))]
internal sealed partial class SchemaJson : System.Text.Json.Serialization.JsonSerializerContext;
