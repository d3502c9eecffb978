using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// Understands the input of a response. A turn of the model is several items here: reasoning, messages, calls; they become one
/// message, as results of tools that follow each other do.
/// </summary>
internal sealed class ResponsesItems
{
    private readonly List<Part> _system = [];
    private readonly List<Message> _messages = [];
    private readonly Dictionary<string, string> _tools = [];
    private List<Part>? _turn, _results;
    private string? _callSignature;

    public static (IReadOnlyList<Part> System, IReadOnlyList<Message> Messages) Read(RequestField input)
    {
        if (input.Kind == JsonValueKind.String)
        {
            return ([], [new(Role.User, [new Part.Text(input.Text)])]);
        }

        var items = new ResponsesItems();
        foreach (var item in input.Items)
        {
            items.Add(item);
        }

        return items._messages.Count + items._system.Count > 0 ? (items._system, items._messages) : throw input.Invalid("a text, or a list with an item in it");
    }

    private void Add(RequestField item)
    {
        var type = item["type"]?.Text ?? "message";
        switch (type)
        {
            case "message":
                Message(item);
                break;
            case "reasoning":
                Reasoning(item);
                break;
            case "function_call":
                item.Only("type", "id", "call_id", "namespace", "name", "arguments", "status");
                Call(item, item["arguments"]?.Text is { } arguments && !string.IsNullOrWhiteSpace(arguments) ? arguments : "{}");
                break;
            case "custom_tool_call":
                item.Only("type", "id", "call_id", "namespace", "name", "input", "status");
                Call(item, FreeformArguments(item.Required("input").Text));
                break;
            case "function_call_output" or "custom_tool_call_output":
                item.Only("type", "id", "call_id", "name", "output", "status");
                Result(item);
                break;
            default:
                throw NotExpressible.Of(item.At("type"), $"'{type}' is understood by OpenAI alone.");
        }
    }

    private void Message(RequestField item)
    {
        item.Only("type", "id", "role", "content", "status", "phase");
        var role = item.Required("role");
        var parts = Parts(item.Required("content"));
        switch (role.Text)
        {
            case "system" or "developer" when _messages.Count == 0:
                _system.AddRange(parts);
                break;
            case "system" or "developer":
                Said(Role.System, parts);
                break;
            case "user" when _results is not null:
                // What the user says after results belongs to the same turn: other protocols want roles to take turns.
                _results.AddRange(parts);
                break;
            case "user":
                Said(Role.User, parts);
                break;
            case "assistant":
                Turn().AddRange(parts);
                break;
            default:
                throw NotExpressible.Of(role.Path);
        }
    }

    private void Said(Role role, List<Part> parts)
    {
        (_turn, _results) = (null, null);
        _messages.Add(new(role, parts));
    }

    private List<Part> Turn()
    {
        if (_turn is null)
        {
            (_turn, _results) = ([], null);
            _messages.Add(new(Role.Assistant, _turn));
        }

        return _turn;
    }

    private void Reasoning(RequestField item)
    {
        item.Only("type", "id", "summary", "content", "encrypted_content", "status");
        var texts = (item["summary"]?.Items ?? []).Concat(item["content"]?.Items ?? []).Select(part => part.Required("text").Text);
        var (text, encrypted) = (string.Join("\n\n", texts), item["encrypted_content"]?.Text);
        if (encrypted is not null && ResponsesSignatures.AsCall(encrypted) is { } call)
        {
            _callSignature = call;
        }
        else if (encrypted is not null && ResponsesSignatures.AsRedacted(encrypted) is { } redacted)
        {
            Turn().Add(new Part.RedactedThought(redacted));
        }
        else
        {
            Turn().Add(new Part.Thought(text, encrypted is null ? null : Signatures.From(Protocol.Responses, encrypted)));
        }
    }

    private void Call(RequestField item, string arguments)
    {
        var (id, name) = (item.Required("call_id").Text, ResponsesTools.Join(item["namespace"]?.Text, item.Required("name").Text));
        _tools[id] = name;
        Turn().Add(new Part.ToolCall(id, name, arguments) { Signature = _callSignature });
        _callSignature = null;
    }

    private void Result(RequestField item)
    {
        if (_results is null)
        {
            (_turn, _results) = (null, []);
            _messages.Add(new(Role.User, _results));
        }

        var id = item.Required("call_id").Text;
        _results.Add(new Part.ToolResult(id, _tools.GetValueOrDefault(id), item["output"] is { } output ? Parts(output) : [], IsError: false));
    }

    private static string FreeformArguments(string input) => System.Text.Encoding.UTF8.GetString(JsonEvents.Bytes(json =>
    {
        json.WriteStartObject();
        json.WriteString(ResponsesTools.Input, input);
        json.WriteEndObject();
    }));

    // "text", or [ { "type": "input_text", "text": "…" }, { "type": "input_image", "image_url": "…" }, { "type": "input_file", … } ]
    private static List<Part> Parts(RequestField content) =>
        content.Kind == JsonValueKind.String ? [new Part.Text(content.Text)] : [.. content.Items.Select(Part)];

    private static Part Part(RequestField part)
    {
        part.Only("type", "text", "refusal", "image_url", "detail", "file_id", "file_data", "file_url", "filename", "annotations", "logprobs");
        var type = part.Required("type");
        return type.Text switch
        {
            "input_text" or "output_text" or "text" or "summary_text" => new Part.Text(part.Required("text").Text),
            "refusal" => new Part.Refusal(part.Required("refusal").Text),
            "input_image" when part["file_id"] is { } id => throw NotExpressible.Of(id.Path, "The file is with another provider; send what is in it."),
            "input_image" => OpenAiFields.Image(part.Required("image_url"), part["detail"]?.Text),
            "input_file" => OpenAiFields.Document(part),
            _ => throw NotExpressible.Of(type.Path),
        };
    }
}
