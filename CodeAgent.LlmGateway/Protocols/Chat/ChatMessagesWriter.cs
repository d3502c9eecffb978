using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Says messages as those of a chat. A tool can only answer with text there, so the images and documents of its answer follow in a
/// message of the user's.
/// </summary>
internal sealed class ChatMessagesWriter(Utf8JsonWriter json, Conversation conversation)
{
    public void Write()
    {
        json.WriteStartArray("messages"u8);
        if (conversation.System.Count > 0)
        {
            Message("system", conversation.System);
        }

        // Reasoning is handed back within a turn only, while tools are being called: what came before it, providers leave out themselves.
        var lastSaid = conversation.Messages.ToList().FindLastIndex(message => message.Role == Role.User && message.Parts.Any(part => part is not Part.ToolResult));
        for (var i = 0; i < conversation.Messages.Count; i++)
        {
            var message = conversation.Messages[i];
            switch (message.Role)
            {
                case Role.System:
                    Message("system", message.Parts);
                    break;
                case Role.Assistant:
                    Assistant(message.Parts, withThoughts: i > lastSaid);
                    break;
                default:
                    User(message.Parts);
                    break;
            }
        }

        json.WriteEndArray();
    }

    public static void Cache(Utf8JsonWriter json, Conversation conversation, CacheMark? mark)
    {
        if (mark is null || !conversation.Dialect.HasCacheControl)
        {
            // OpenAI and its like cache prefixes by themselves and refuse the field; the answer is the same.
            return;
        }

        json.WriteStartObject("cache_control"u8);
        json.WriteString("type"u8, "ephemeral"u8);
        OpenAiWrite.Optional(json, "ttl"u8, mark.Ttl);
        json.WriteEndObject();
    }

    private void User(IReadOnlyList<Part> parts)
    {
        var rest = parts.Where(part => part is not Part.ToolResult).ToList();
        List<Part> shown = [];
        foreach (var result in parts.OfType<Part.ToolResult>())
        {
            var others = result.Content.Where(part => part is not Part.Text).ToList();
            var text = OpenAiWrite.ResultText(result);
            json.WriteStartObject();
            json.WriteString("role"u8, "tool"u8);
            json.WriteString("tool_call_id"u8, result.CallId);
            json.WriteString("content"u8, others.Count == 0 ? text : $"{text}{(text.Length > 0 ? "\n" : "")}(What it shows follows in the user's message.)");
            json.WriteEndObject();
            if (others.Count > 0)
            {
                shown.Add(new Part.Text($"What the call {result.CallId} of {result.Name ?? "the tool"} shows:"));
                shown.AddRange(others);
            }
        }

        if (shown.Count + rest.Count > 0)
        {
            Message("user", [.. shown, .. rest]);
        }
    }

    private void Assistant(IReadOnlyList<Part> parts, bool withThoughts)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, "assistant"u8);
        var said = parts.Where(part => part is Part.Text).ToList();
        if (parts.Any(part => part is Part.Image or Part.Document))
        {
            throw NotExpressible.In(Protocol.Chat, "messages", "images or documents said by the assistant");
        }

        if (said.Count > 0)
        {
            Content(said);
        }
        else
        {
            json.WriteNull("content"u8);
        }

        if (parts.OfType<Part.Refusal>().ToList() is { Count: > 0 } refusals)
        {
            json.WriteString("refusal"u8, string.Concat(refusals.Select(refusal => refusal.Value)));
        }

        // What has another protocol's signature came from a provider that wants it back in its own form; it means nothing here. What
        // this one wants back has its text in it.
        var thoughts = string.Join("\n\n", parts.OfType<Part.Thought>().Where(thought => thought.Signature is null).Select(thought => thought.Value));
        if (withThoughts && thoughts.Length > 0)
        {
            json.WriteString("reasoning_content"u8, thoughts);
        }

        var details = parts.Select((part, i) => part switch
        {
            Part.Thought thought when Signatures.For(Protocol.Chat, thought.Signature) is not null => new ChatDetail(false, thought.Signature!, thought.Value, i),
            Part.RedactedThought redacted when Signatures.For(Protocol.Chat, redacted.Data) is not null => new ChatDetail(true, redacted.Data, null, i),
            _ => null,
        }).OfType<ChatDetail>().ToList();
        if (details.Count > 0)
        {
            ChatReasoning.Write(json, details);
        }

        if (parts.OfType<Part.ToolCall>().ToList() is { Count: > 0 } calls)
        {
            json.WriteStartArray("tool_calls"u8);
            calls.ForEach(Call);
            json.WriteEndArray();
        }

        json.WriteEndObject();
    }

    private void Call(Part.ToolCall call)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, call.Id);
        json.WriteString("type"u8, "function"u8);
        json.WriteStartObject("function"u8);
        json.WriteString("name"u8, call.Name);
        json.WriteString("arguments"u8, call.Arguments);
        json.WriteEndObject();
        ChatReasoning.WriteCallSignature(json, Signatures.For(Protocol.Chat, call.Signature));
        json.WriteEndObject();
    }

    private void Message(string role, IReadOnlyList<Part> parts)
    {
        json.WriteStartObject();
        json.WriteString("role"u8, role);
        Content(parts);
        json.WriteEndObject();
    }

    private void Content(IReadOnlyList<Part> parts)
    {
        // A text alone goes as one: not every server takes a list of them.
        if (parts.All(part => part is Part.Text && (part.Cache is null || !conversation.Dialect.HasCacheControl)))
        {
            json.WriteString("content"u8, string.Join("\n\n", parts.Cast<Part.Text>().Select(part => part.Value)));
            return;
        }

        json.WriteStartArray("content"u8);
        foreach (var part in parts)
        {
            json.WriteStartObject();
            Inside(part);
            Cache(json, conversation, part.Cache);
            json.WriteEndObject();
        }

        json.WriteEndArray();
    }

    private void Inside(Part part)
    {
        switch (part)
        {
            case Part.Text text:
                json.WriteString("type"u8, "text"u8);
                json.WriteString("text"u8, text.Value);
                break;
            case Part.Image image:
                json.WriteString("type"u8, "image_url"u8);
                json.WriteStartObject("image_url"u8);
                json.WriteString("url"u8, OpenAiWrite.Address(image));
                OpenAiWrite.Optional(json, "detail"u8, image.Detail);
                json.WriteEndObject();
                break;
            case Part.Document { Url: not null }:
                throw NotExpressible.In(Protocol.Chat, "messages", "documents by address");
            case Part.Document document:
                json.WriteString("type"u8, "file"u8);
                json.WriteStartObject("file"u8);
                json.WriteString("filename"u8, document.Name ?? "document");
                json.WriteString("file_data"u8, $"data:{document.MediaType};base64,{document.Data}");
                json.WriteEndObject();
                break;
            default:
                throw NotExpressible.In(Protocol.Chat, "messages", $"place for a {part.GetType().Name.ToLowerInvariant()} here");
        }
    }
}
