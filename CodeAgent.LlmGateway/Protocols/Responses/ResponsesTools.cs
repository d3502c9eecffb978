using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// The tools of a request whose calls have another form here than in other protocols: freeform tools, which take one text rather
/// than JSON, and tools in a namespace. Elsewhere the first are functions with one argument, the others have the namespace in
/// their name; here is what a name means when it comes back.
/// </summary>
internal sealed class ResponsesTools
{
    /// <summary>The one argument of a freeform tool's function.</summary>
    public const string Input = "input";

    private const string Separator = "__";
    private readonly HashSet<string> _freeform = new(StringComparer.Ordinal);
    private readonly Dictionary<string, (string Namespace, string Name)> _inNamespaces = new(StringComparer.Ordinal);

    public static ResponsesTools Of(ReadOnlySpan<byte> request)
    {
        var all = new ResponsesTools();
        if (request.IndexOf("\"custom\""u8) >= 0 || request.IndexOf("\"namespace\""u8) >= 0)
        {
            // The request was read before, so it is JSON.
            var root = JsonElement.Parse(WholeText.Of(request), new() { MaxDepth = 512 });
            if (root.TryGetProperty("tools", out var tools) && tools.ValueKind == JsonValueKind.Array)
            {
                all.Add(tools, null);
            }
        }

        return all;
    }

    public bool IsFreeform(string function) => _freeform.Contains(function);

    public (string? Namespace, string Name) Split(string function) => _inNamespaces.TryGetValue(function, out var split) ? split : (null, function);

    public static string Join(string? container, string name) => container is null ? name : container.TrimEnd('_') + Separator + name;

    private void Add(JsonElement tools, string? container)
    {
        foreach (var tool in tools.EnumerateArray().Where(tool => tool.ValueKind == JsonValueKind.Object))
        {
            var (type, name) = (Text(tool, "type"), Text(tool, "name"));
            if (name is not null && type == "namespace" && tool.TryGetProperty("tools", out var inner) && inner.ValueKind == JsonValueKind.Array)
            {
                Add(inner, name);
            }
            else if (name is not null && type is "function" or "custom")
            {
                var function = Join(container, name!);
                if (type == "custom")
                {
                    _freeform.Add(function);
                }

                if (container is not null)
                {
                    _inNamespaces[function] = (container, name!);
                }
            }
        }
    }

    private static string? Text(JsonElement tool, string name) =>
        tool.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
