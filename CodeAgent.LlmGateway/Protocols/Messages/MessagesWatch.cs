using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Looks on at Anthropic's messages.</summary>
internal sealed class MessagesWatch : AnswerWatch
{
    private readonly MessagesUsage _usage = new();
    private bool _isFinal;

    /// <remarks>A stream begins with the input and one or two tokens of output; how many there were is said at its end.</remarks>
    public override bool HasFinalUsage => _isFinal;

    // {"type":"content_block_delta","index":0,"delta":{"type":"text_delta","text":"…"}}      nearly all events are such, and are not parsed
    public override void Data(ReadOnlySpan<byte> data)
    {
        if (data.StartsWith("{\"type\":\"content_block_delta\""u8))
        {
            Fragment(data);
        }
        else if (!data.StartsWith("{\"type\":\"content_block_stop\""u8) && !data.StartsWith("{\"type\": \"ping\""u8) && !data.StartsWith("{\"type\":\"ping\""u8))
        {
            Understand(data);
        }
    }

    public override void Whole(ReadOnlySpan<byte> json)
    {
        if (TryParse(json) is not { } document)
        {
            return;
        }

        using (document)
        {
            var root = document.RootElement;
            if (Type(root) == "message")
            {
                Message(root);
                _isFinal = Usage is not null;
                ContentBytes = json.Length;
                HasContent = true;
                IsComplete = root.TryGetProperty("stop_reason", out var reason) && reason.ValueKind == JsonValueKind.String;
            }
            else if (Type(root) == "error")
            {
                Failed(root);
            }
            else
            {
                // {"input_tokens": 14}, what count_tokens answers
                IsComplete = root.ValueKind == JsonValueKind.Object && root.TryGetProperty("input_tokens", out _);
            }
        }
    }

    private void Understand(ReadOnlySpan<byte> data)
    {
        if (TryParse(data) is not { } document)
        {
            return;
        }

        using (document)
        {
            var root = document.RootElement;
            switch (Type(root))
            {
                case "message_start" when root.TryGetProperty("message", out var message):
                    Message(message);
                    break;
                case "content_block_start":
                    // A call of a tool shows with its name; text and thoughts begin empty.
                    HasContent |= root.TryGetProperty("content_block", out var block) && Type(block) is not ("text" or "thinking" or "redacted_thinking");
                    break;
                case "content_block_delta":
                    Fragment(data);
                    break;
                case "message_delta":
                    _isFinal |= _usage.Add(root) is not null;
                    Usage = _usage.Tokens ?? Usage;
                    break;
                case "message_stop":
                    IsComplete = Error is null;
                    break;
                case "error":
                    Failed(root);
                    break;
            }
        }
    }

    private void Message(JsonElement message)
    {
        Model = message.TryGetProperty("model", out var model) && model.ValueKind == JsonValueKind.String ? model.GetString() : Model;
        Usage = _usage.Add(message) ?? Usage;
    }

    private void Failed(JsonElement root)
    {
        var error = MessagesErrors.Read(500, JsonSerializer.SerializeToUtf8Bytes(root, ElementJson.Default.JsonElement));
        Error ??= error with { Status = MessagesErrors.StatusOf(error.Type) };
        IsComplete = false;
    }

    // What stands in the last string of the event: "text":"…", "thinking":"…" or "partial_json":"…". A signature is nothing to see.
    private void Fragment(ReadOnlySpan<byte> data)
    {
        var start = After(data, "\"text\":\""u8);
        start = start < 0 ? After(data, "\"partial_json\":\""u8) : start;
        start = start < 0 ? After(data, "\"thinking\":\""u8) : start;
        var length = start < 0 ? 0 : data.LastIndexOf((byte)'"') - start;
        if (length > 0)
        {
            HasContent = true;
            ContentBytes += length;
        }
        else if (start < 0 && data.IndexOf("signature"u8) < 0)
        {
            // Spaced in another way: that something came is sure, how much of it is not.
            HasContent = true;
            ContentBytes += data.Length / 2;
        }
    }

    private static int After(ReadOnlySpan<byte> data, ReadOnlySpan<byte> mark) => data.IndexOf(mark) is var at and >= 0 ? at + mark.Length : -1;

    private static string? Type(JsonElement element) =>
        element.ValueKind == JsonValueKind.Object && element.TryGetProperty("type", out var type) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;

    private static JsonDocument? TryParse(ReadOnlySpan<byte> data)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new() { MaxDepth = 512 });
            return JsonDocument.ParseValue(ref reader);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // What is no JSON goes through without being understood.
            return null;
        }
    }
}
