using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols;

internal static class JsonElementExtensions
{
    /// <summary>A property that is a text; null where there is none, or something else.</summary>
    public static string? Text(this JsonElement element, string name) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
