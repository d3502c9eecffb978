using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>Understands the messages of a chat. Results of tools, which are messages of their own here, become parts of the user's next one.</summary>
internal static class ChatMessages
{
    public static (IReadOnlyList<Part> System, IReadOnlyList<Message> Messages) Read(RequestField messages)
    {
        List<Part> system = [];
        List<Message> all = [];
        Dictionary<string, string> tools = [];
        List<Part>? results = null;
        foreach (var message in messages.Items)
        {
            var role = message.Required("role");
            if (role.Text == "tool")
            {
                if (results is null)
                {
                    all.Add(new(Role.User, results = []));
                }

                results.Add(Result(message, tools));
                continue;
            }

            var isAfterResults = results is not null;
            switch (role.Text)
            {
                case "system" or "developer" when all.Count == 0:
                    system.AddRange(Said(message));
                    break;
                case "system" or "developer":
                    results = null;
                    all.Add(new(Role.System, Said(message)));
                    break;
                case "user" when isAfterResults:
                    // What the user says after results belongs to the same turn: other protocols want roles to take turns.
                    results!.AddRange(Said(message));
                    break;
                case "user":
                    all.Add(new(Role.User, Said(message)));
                    break;
                case "assistant":
                    results = null;
                    all.Add(new(Role.Assistant, Assistant(message, tools)));
                    break;
                default:
                    throw NotExpressible.Of(role.Path);
            }
        }

        return all.Count > 0 || system.Count > 0 ? (system, all) : throw messages.Invalid("a list with a message in it");
    }

    public static CacheMark? Cache(RequestField part)
    {
        if (part["cache_control"] is not { } mark)
        {
            return null;
        }

        mark.Only("type", "ttl");
        return new(mark["ttl"]?.Text);
    }

    private static List<Part> Said(RequestField message)
    {
        message.Only("role", "content");
        return Parts(message.Required("content"));
    }

    private static List<Part> Assistant(RequestField message, Dictionary<string, string> tools)
    {
        message.Only("role", "content", "refusal", "tool_calls", "reasoning_content", "reasoning", "reasoning_details", "annotations");
        List<Part> parts = [.. ChatReasoning.Thoughts(message.Value)];
        parts.AddRange(message["content"] is { } content ? Parts(content) : []);
        if (message["refusal"] is { } refusal)
        {
            parts.Add(new Part.Refusal(refusal.Text));
        }

        foreach (var call in message["tool_calls"]?.Items ?? [])
        {
            if (call["type"] is { } type && type.Text != "function")
            {
                throw NotExpressible.Of(type.Path, "Only functions can be.");
            }

            call.Only("id", "type", "function", "index", "extra_content");
            var function = call.Required("function");
            var (id, name, arguments) = (call.Required("id").Text, function.Required("name").Text, function["arguments"]?.Text);
            tools[id] = name;
            parts.Add(new Part.ToolCall(id, name, string.IsNullOrWhiteSpace(arguments) ? "{}" : arguments) { Signature = ChatReasoning.CallSignature(call.Value) });
        }

        return parts;
    }

    private static Part.ToolResult Result(RequestField message, Dictionary<string, string> tools)
    {
        message.Only("role", "content", "tool_call_id", "name");
        var id = message.Required("tool_call_id").Text;
        return new(id, tools.GetValueOrDefault(id) ?? message["name"]?.Text, message["content"] is { } content ? Parts(content) : [], IsError: false);
    }

    // "text", or [ { "type": "text", "text": "…" }, { "type": "image_url", … }, { "type": "file", … } ]
    private static List<Part> Parts(RequestField content) =>
        content.Kind == JsonValueKind.String ? [new Part.Text(content.Text)] : [.. content.Items.Select(Part)];

    private static Part Part(RequestField part)
    {
        part.Only("type", "text", "refusal", "image_url", "file", "cache_control");
        var type = part.Required("type");
        Part read = type.Text switch
        {
            "text" => new Part.Text(part.Required("text").Text),
            "refusal" => new Part.Refusal(part.Required("refusal").Text),
            "image_url" when part.Required("image_url") is { Kind: JsonValueKind.String } url => OpenAiFields.Image(url, null),
            "image_url" => Image(part.Required("image_url")),
            "file" => OpenAiFields.Document(part.Required("file")),
            _ => throw NotExpressible.Of(type.Path),
        };
        return read with { Cache = Cache(part) };
    }

    private static Part.Image Image(RequestField image)
    {
        image.Only("url", "detail");
        return OpenAiFields.Image(image.Required("url"), image["detail"]?.Text);
    }
}
