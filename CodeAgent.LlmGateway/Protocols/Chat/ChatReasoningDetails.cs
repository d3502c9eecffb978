using System.Text;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Puts the fragments of OpenRouter's <c>reasoning_details</c> together. It wants them back as they were, whatever provider is behind
/// it: what is in them besides is not looked into.
/// </summary>
internal sealed class ChatReasoningDetails
{
    private readonly Dictionary<string, JsonElement> _fields = [];
    private readonly StringBuilder _text = new();

    /// <summary>Takes a detail, or a fragment of one.</summary>
    /// <returns>The whole detail as JSON, once it has what must be handed back; null until then.</returns>
    public string? Add(JsonElement detail)
    {
        if (detail.ValueKind != JsonValueKind.Object)
        {
            return null;
        }

        if (_fields.Count > 0 && !(Same(detail, "type") && Same(detail, "index")))
        {
            // Another one begins; the one before has nothing that must be handed back.
            Clear();
        }

        foreach (var field in detail.EnumerateObject())
        {
            if (field.Name is "text" or "summary" && field.Value.ValueKind == JsonValueKind.String)
            {
                _text.Append(field.Value.GetString());
            }

            // What a fragment does not know any more is null there.
            if (field.Value.ValueKind != JsonValueKind.Null || !_fields.ContainsKey(field.Name))
            {
                _fields[field.Name] = field.Value;
            }
        }

        if (detail.Text("signature") is not { Length: > 0 } && detail.Text("data") is not { Length: > 0 })
        {
            return null;
        }

        var whole = Encoding.UTF8.GetString(JsonEvents.Bytes(Write));
        Clear();
        return whole;
    }

    private void Write(Utf8JsonWriter json)
    {
        json.WriteStartObject();
        foreach (var (name, value) in _fields)
        {
            if (name is "text" or "summary" && _text.Length > 0)
            {
                json.WriteString(name, _text.ToString());
            }
            else
            {
                json.WritePropertyName(name);
                value.WriteTo(json);
            }
        }

        json.WriteEndObject();
    }

    private bool Same(JsonElement detail, string name) => !detail.TryGetProperty(name, out var value) || !_fields.TryGetValue(name, out var known)
        || value.GetRawText() == known.GetRawText();

    private void Clear()
    {
        _fields.Clear();
        _text.Clear();
    }
}
