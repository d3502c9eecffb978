using System.Text.Json;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>Reads JSON of which nothing is certain: what is not there, or is something else, is nothing.</summary>
internal static class JsonReading
{
    /// <summary>The property down a path of names.</summary>
    public static JsonElement? At(this JsonElement element, params ReadOnlySpan<string> path)
    {
        foreach (var name in path)
        {
            if (element.ValueKind != JsonValueKind.Object || !element.TryGetProperty(name, out var value))
            {
                return null;
            }

            element = value;
        }

        return element.ValueKind is JsonValueKind.Null or JsonValueKind.Undefined ? null : element;
    }

    /// <summary>The text there.</summary>
    public static string? Text(this JsonElement element, params ReadOnlySpan<string> path) => element.At(path) is { } value ? TextOf(value) : null;

    /// <summary>The number there; 0 where there is none.</summary>
    public static long Count(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt64(out var number) ? Math.Max(0, number) : 0;

    /// <summary>The number there; none where there is none.</summary>
    public static int? Number(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Number } value && value.TryGetInt32(out var number) ? number : null;

    /// <summary>Whether it is true.</summary>
    public static bool Is(this JsonElement element, params ReadOnlySpan<string> path) => element.At(path) is { ValueKind: JsonValueKind.True };

    /// <summary>The items of the list there.</summary>
    public static IEnumerable<JsonElement> Items(this JsonElement element, params ReadOnlySpan<string> path) =>
        element.At(path) is { ValueKind: JsonValueKind.Array } list ? list.EnumerateArray() : [];

    /// <summary>A string as it is; half of a character in it, as cutting leaves it, as its escape.</summary>
    public static string? TextOf(JsonElement value)
    {
        if (value.ValueKind != JsonValueKind.String)
        {
            return null;
        }

        try
        {
            return value.GetString();
        }
        catch (InvalidOperationException)
        {
            return value.GetRawText().Trim('"');
        }
    }
}
