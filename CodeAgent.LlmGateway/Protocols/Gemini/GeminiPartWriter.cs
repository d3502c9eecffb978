using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Says the system's text and the messages in Google's form.</summary>
internal sealed class GeminiPartWriter(Utf8JsonWriter json, string model)
{
    // A signature without a part of its own goes with the part after it.
    private string? _signature;
    private bool _hasCall;

    // What tools show, where they can only answer with text: it comes after all of their answers.
    private readonly List<Part> _shown = [];

    public void Write(Conversation conversation)
    {
        if (conversation.System.Count > 0)
        {
            json.WriteStartObject("systemInstruction");
            json.WriteStartArray("parts");
            foreach (var part in conversation.System)
            {
                Text((part as Part.Text ?? throw Cannot("system", "instructions that are no text")).Value);
            }

            json.WriteEndArray();
            json.WriteEndObject();
        }

        json.WriteStartArray("contents");
        Role? role = null;
        foreach (var message in conversation.Messages.Where(message => message.Parts.Any(IsSaid)))
        {
            // Instructions between the turns have no place of their own: they keep their place as the user's text.
            var next = message.Role == Role.Assistant ? Role.Assistant : Role.User;
            if (next != role)
            {
                Close(role);
                (role, _hasCall) = (next, false);
                json.WriteStartObject();
                json.WriteString("role", next == Role.Assistant ? "model" : "user");
                json.WriteStartArray("parts");
            }

            foreach (var part in message.Parts)
            {
                Write(part);
            }
        }

        Close(role);
        json.WriteEndArray();
    }

    private void Close(Role? role)
    {
        if (role is null)
        {
            return;
        }

        Show();
        if (_signature is not null)
        {
            Text("");
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    // Thoughts that Google did not sign are nothing to it.
    private static bool IsSaid(Part part) => part switch
    {
        Part.Text text => text.Value.Length > 0,
        Part.Thought thought => Signatures.For(Protocol.Gemini, thought.Signature) is not null,
        Part.RedactedThought => false,
        _ => true,
    };

    private void Write(Part part)
    {
        if (!IsSaid(part))
        {
            return;
        }

        if (part is not Part.ToolResult)
        {
            Show();
        }

        switch (part)
        {
            case Part.Text text:
                Text(text.Value);
                break;
            case Part.Refusal refusal:
                Text(refusal.Value);
                break;
            case Part.Thought { Value: "" } thought:
                _signature = Signatures.For(Protocol.Gemini, thought.Signature);
                break;
            case Part.Thought thought:
                json.WriteStartObject();
                json.WriteString("text", thought.Value);
                json.WriteBoolean("thought", true);
                json.WriteString("thoughtSignature", Signatures.For(Protocol.Gemini, thought.Signature));
                json.WriteEndObject();
                break;
            case Part.Image image:
                Media(image.Url, image.MediaType, image.Data, null);
                break;
            case Part.Document document:
                Media(document.Url, document.MediaType, document.Data, document.Name);
                break;
            case Part.ToolCall call:
                Call(call);
                break;
            case Part.ToolResult result:
                Result(result);
                break;
            default:
                throw Cannot("messages", $"parts of the kind {part.GetType().Name}");
        }
    }

    private void Text(string text)
    {
        json.WriteStartObject();
        json.WriteString("text", text);
        Sign(null);
        json.WriteEndObject();
    }

    private void Media(string? url, string? type, string? data, string? name)
    {
        json.WriteStartObject();
        json.WriteStartObject(url is null ? "inlineData" : "fileData");
        if (type is not null)
        {
            json.WriteString("mimeType", type);
        }

        json.WriteString(url is null ? "data" : "fileUri", url ?? data);
        if (name is not null && url is null)
        {
            json.WriteString("displayName", name);
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Call(Part.ToolCall call)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionCall");
        Id(call.Id);
        json.WriteString("name", call.Name);
        json.WritePropertyName("args");
        json.WriteRawValue(Arguments(call));
        json.WriteEndObject();

        // The first call of a turn must be signed. One that another provider made says that it is not to be checked.
        var signature = Signatures.For(Protocol.Gemini, call.Signature);
        Sign(signature ?? (_signature is null && !_hasCall && GeminiModel.IsThirdOrLater(model) ? GeminiSignatures.Skip : null));
        _hasCall = true;
        json.WriteEndObject();
    }

    private void Result(Part.ToolResult result)
    {
        json.WriteStartObject();
        json.WriteStartObject("functionResponse");
        Id(result.CallId);
        json.WriteString("name", result.Name ?? throw Cannot("messages", $"result of a tool ('{result.CallId}') without the call before it"));
        json.WriteStartObject("response");
        var text = string.Concat(result.Content.OfType<Part.Text>().Select(text => text.Value));
        var others = result.Content.Where(part => part is not Part.Text).ToList();
        var isShown = others.Count > 0 && !GeminiModel.IsThirdOrLater(model);
        json.WriteString(result.IsError ? "error" : "output", isShown ? $"{text}{(text.Length > 0 ? "\n" : "")}(What it shows follows.)" : text);
        json.WriteEndObject();
        if (isShown)
        {
            _shown.Add(new Part.Text($"What the call of {result.Name} shows:"));
            _shown.AddRange(others);
        }
        else if (others.Count > 0)
        {
            json.WriteStartArray("parts");
            foreach (var part in others)
            {
                Write(part);
            }

            json.WriteEndArray();
        }

        json.WriteEndObject();
        json.WriteEndObject();
    }

    private void Show()
    {
        List<Part> shown = [.. _shown];
        _shown.Clear();
        shown.ForEach(Write);
    }

    private void Id(string id)
    {
        if (!GeminiCallIds.IsMadeUp(id))
        {
            json.WriteString("id", id);
        }
    }

    private void Sign(string? signature)
    {
        if ((signature ?? _signature) is { } found)
        {
            json.WriteString("thoughtSignature", found);
            _signature = null;
        }
    }

    private static string Arguments(Part.ToolCall call)
    {
        try
        {
            using var arguments = JsonDocument.Parse(string.IsNullOrWhiteSpace(call.Arguments) ? "{}" : call.Arguments, new() { MaxDepth = 512 });
            return arguments.RootElement.ValueKind == JsonValueKind.Object ? arguments.RootElement.GetRawText() : throw NotAnObject(call);
        }
        catch (JsonException)
        {
            throw NotAnObject(call);
        }
    }

    private static ServiceDefaults.Problems.ProblemException NotAnObject(Part.ToolCall call) =>
        Cannot("messages", $"calls whose arguments are no JSON object (here of '{call.Name}')");

    private static ServiceDefaults.Problems.ProblemException Cannot(string field, string what) => NotExpressible.In(Protocol.Gemini, field, what);
}
