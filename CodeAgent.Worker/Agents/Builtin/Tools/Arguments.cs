using System.Text.Json;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Holds a call's arguments against the tool's schema, so that a model is told what is wrong in the words of its own JSON.</summary>
internal static class Arguments
{
    /// <summary>What is wrong with the arguments; none where they fit.</summary>
    public static string? Problem(JsonElement schema, JsonElement arguments) => Problem(schema, arguments, "");

    private static string? Problem(JsonElement schema, JsonElement value, string at)
    {
        var expected = schema.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;
        return expected switch
        {
            "object" => value.ValueKind == JsonValueKind.Object ? InObject(schema, value, at) : Wrong(at, "an object", value),
            "array" => value.ValueKind == JsonValueKind.Array ? InArray(schema, value, at) : Wrong(at, "a list", value),
            "string" => value.ValueKind == JsonValueKind.String ? null : Wrong(at, "a string", value),
            "boolean" => value.ValueKind is JsonValueKind.True or JsonValueKind.False ? null : Wrong(at, "true or false", value),
            "integer" => value.ValueKind == JsonValueKind.Number && value.TryGetInt32(out _) ? null : Wrong(at, "a whole number", value),
            _ => null,
        };
    }

    private static string? InObject(JsonElement schema, JsonElement value, string at)
    {
        var properties = schema.TryGetProperty("properties", out var known) ? known : default;
        var required = schema.TryGetProperty("required", out var names) ? names.EnumerateArray().Select(name => name.GetString()!).ToList() : [];
        foreach (var property in value.EnumerateObject())
        {
            if (properties.ValueKind != JsonValueKind.Object || !properties.TryGetProperty(property.Name, out var inner))
            {
                var offered = properties.ValueKind == JsonValueKind.Object ? string.Join(", ", properties.EnumerateObject().Select(p => p.Name)) : "none";
                return $"There is no argument '{Join(at, property.Name)}'; there are: {offered}.";
            }

            // Many models write null for what they leave out.
            var leftOut = property.Value.ValueKind == JsonValueKind.Null && !required.Contains(property.Name);
            if (!leftOut && Problem(inner, property.Value, Join(at, property.Name)) is { } problem)
            {
                return problem;
            }
        }

        return required.Find(name => !value.TryGetProperty(name, out _)) is { } missing ? $"The argument '{Join(at, missing)}' is missing." : null;
    }

    private static string? InArray(JsonElement schema, JsonElement value, string at)
    {
        if (!schema.TryGetProperty("items", out var items))
        {
            return null;
        }

        var place = 0;
        foreach (var item in value.EnumerateArray())
        {
            if (Problem(items, item, $"{at}[{place++}]") is { } problem)
            {
                return problem;
            }
        }

        return null;
    }

    private static string Join(string at, string name) => at.Length == 0 ? name : $"{at}.{name}";

    private static string Wrong(string at, string expected, JsonElement value)
    {
        var text = value.GetRawText();
        return $"{(at.Length == 0 ? "The arguments" : $"The argument '{at}'")} must be {expected}, not {(text.Length > 100 ? text[..100] + "…" : text)}.";
    }
}
