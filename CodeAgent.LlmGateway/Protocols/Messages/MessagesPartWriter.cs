using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Says the system's text and the messages in Anthropic's form.</summary>
internal sealed partial class MessagesPartWriter(Utf8JsonWriter json, string model)
{
    public void Write(Conversation conversation)
    {
        if (conversation.System.Any(part => part is Part.Text && IsSaid(part)))
        {
            json.WriteStartArray("system");
            foreach (var part in conversation.System)
            {
                Write(part as Part.Text ?? throw NotExpressible.In(Protocol.Messages, "system", "instructions that are no text"));
            }

            json.WriteEndArray();
        }

        json.WriteStartArray("messages");
        var messages = Merged(conversation.Messages);
        for (var i = 0; i < messages.Count; i++)
        {
            json.WriteStartObject();
            json.WriteString("role", messages[i].Role switch { Role.Assistant => "assistant", Role.System => "system", _ => "user" });
            json.WriteStartArray("content");
            foreach (var part in messages[i].Parts)
            {
                Write(part);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    public static void Mark(Utf8JsonWriter json, CacheMark? mark)
    {
        if (mark is null)
        {
            return;
        }

        json.WriteStartObject("cache_control");
        json.WriteString("type", "ephemeral");
        if (mark.Ttl is { } ttl)
        {
            json.WriteString("ttl", ttl);
        }

        json.WriteEndObject();
    }

    // Turns alternate, results of tools come first in the turn after the calls, and nothing is empty.
    private List<Message> Merged(IReadOnlyList<Message> messages)
    {
        List<(Role Role, List<Part> Parts)> merged = [];
        for (var i = 0; i < messages.Count; i++)
        {
            var (role, parts) = (RoleOf(messages, i), messages[i].Parts.Where(IsSaid).ToList());
            if (parts.Count == 0)
            {
                continue;
            }

            if (merged.Count > 0 && merged[^1].Role == role)
            {
                merged[^1].Parts.AddRange(parts);
            }
            else
            {
                merged.Add((role, parts));
            }
        }

        return [.. merged.Select(message => new Message(message.Role, [.. message.Parts.OrderBy(part => part is Part.ToolResult ? 0 : 1)]))];
    }

    // An instruction between the turns is one for the newer models, where it follows the user's turn and ends it. Elsewhere it is
    // text of the user's, which keeps its place and with it the cached prefix.
    private Role RoleOf(IReadOnlyList<Message> messages, int i) => messages[i].Role != Role.System ? messages[i].Role
        : ClaudeModel.TakesInstructionsBetween(model) && i > 0 && messages[i - 1].Role == Role.User
            && (i == messages.Count - 1 || messages[i + 1].Role == Role.Assistant) ? Role.System
        : Role.User;

    /// <summary>Whether a part can be said here: a text of blanks alone is refused, and so are thoughts that this provider did not sign.</summary>
    public static bool IsSaid(Part part) => part switch
    {
        Part.Text text => !string.IsNullOrWhiteSpace(text.Value),
        Part.Refusal refusal => !string.IsNullOrWhiteSpace(refusal.Value),
        Part.Thought thought => Signatures.For(Protocol.Messages, thought.Signature) is not null,
        Part.RedactedThought redacted => Signatures.For(Protocol.Messages, redacted.Data) is not null,
        _ => true,
    };

    private void Write(Part part)
    {
        if (!IsSaid(part))
        {
            return;
        }

        json.WriteStartObject();
        switch (part)
        {
            case Part.Text text:
                Text(text.Value);
                break;
            case Part.Refusal refusal:
                Text(refusal.Value);
                break;
            case Part.Image image:
                json.WriteString("type", "image");
                Source(image.Url, image.MediaType, image.Data);
                break;
            case Part.Document document:
                Document(document);
                break;
            case Part.Thought thought:
                json.WriteString("type", "thinking");
                json.WriteString("thinking", thought.Value);
                json.WriteString("signature", Signatures.For(Protocol.Messages, thought.Signature));
                break;
            case Part.RedactedThought redacted:
                json.WriteString("type", "redacted_thinking");
                json.WriteString("data", Signatures.For(Protocol.Messages, redacted.Data));
                break;
            case Part.ToolCall call:
                json.WriteString("type", "tool_use");
                json.WriteString("id", Id(call.Id));
                json.WriteString("name", call.Name);
                json.WritePropertyName("input");
                json.WriteRawValue(Input(call));
                break;
            case Part.ToolResult result:
                Result(result);
                break;
            default:
                throw NotExpressible.In(Protocol.Messages, "messages", $"parts of the kind {part.GetType().Name}");
        }

        // Thoughts cannot be marked; what follows them can.
        Mark(json, part is Part.Thought or Part.RedactedThought ? null : part.Cache);
        json.WriteEndObject();
    }

    private void Text(string text)
    {
        json.WriteString("type", "text");
        json.WriteString("text", text);
    }

    private void Source(string? url, string? mediaType, string? data)
    {
        json.WriteStartObject("source");
        json.WriteString("type", url is null ? "base64" : "url");
        if (url is not null)
        {
            json.WriteString("url", url);
        }
        else
        {
            json.WriteString("media_type", mediaType);
            json.WriteString("data", data);
        }

        json.WriteEndObject();
    }

    private void Document(Part.Document document)
    {
        json.WriteString("type", "document");
        if (document.Url is null && document.MediaType?.StartsWith("text/", StringComparison.Ordinal) == true)
        {
            json.WriteStartObject("source");
            json.WriteString("type", "text");
            json.WriteString("media_type", "text/plain");
            json.WriteString("data", Encoding.UTF8.GetString(Convert.FromBase64String(document.Data ?? "")));
            json.WriteEndObject();
        }
        else if (document.Url is null && document.MediaType != "application/pdf")
        {
            throw NotExpressible.In(Protocol.Messages, "messages", $"documents of the type {document.MediaType}");
        }
        else
        {
            Source(document.Url, document.MediaType, document.Data);
        }

        if (document.Name is { } name)
        {
            json.WriteString("title", name);
        }
    }

    private void Result(Part.ToolResult result)
    {
        json.WriteString("type", "tool_result");
        json.WriteString("tool_use_id", Id(result.CallId));
        json.WriteStartArray("content");
        foreach (var part in result.Content)
        {
            Write(part);
        }

        json.WriteEndArray();
        if (result.IsError)
        {
            json.WriteBoolean("is_error", true);
        }
    }

    // Others name calls in ways that Anthropic refuses. The same id becomes the same one here each time.
    private static string Id(string id) => NotInIds().Replace(id, "_");

    private static string Input(Part.ToolCall call)
    {
        if (string.IsNullOrWhiteSpace(call.Arguments))
        {
            return "{}";
        }

        try
        {
            using var input = JsonDocument.Parse(call.Arguments, new() { MaxDepth = 512 });
            if (input.RootElement.ValueKind == JsonValueKind.Object)
            {
                return call.Arguments;
            }
        }
        catch (JsonException)
        {
            // It is refused below.
        }

        throw NotExpressible.In(Protocol.Messages, "messages", $"calls whose arguments are no JSON object (here of '{call.Name}')");
    }

    [GeneratedRegex("[^a-zA-Z0-9_-]")]
    private static partial Regex NotInIds();
}
