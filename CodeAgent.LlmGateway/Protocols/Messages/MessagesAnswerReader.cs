using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Understands an answer in Anthropic's form.</summary>
internal sealed class MessagesAnswerReader : AnswerReader
{
    private readonly MessagesUsage _usage = new();

    // The calls by the index of their block. A call without arguments sends no fragment, or an empty one.
    private readonly Dictionary<int, Call> _calls = [];

    public override void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events) => Understand(data, events, whole: false);

    public override void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events) => Understand(json, events, whole: true);

    private void Understand(ReadOnlySpan<byte> data, List<AnswerEvent> events, bool whole)
    {
        try
        {
            var reader = new Utf8JsonReader(data, new() { MaxDepth = 512 });
            using var json = JsonDocument.ParseValue(ref reader);
            if (whole)
            {
                Whole(json.RootElement, events);
            }
            else
            {
                Event(json.RootElement, events);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException or FormatException)
        {
            events.Add(new AnswerEvent.Failed(new(StatusCodes.Status502BadGateway, "invalid_upstream_answer", "The provider's answer is not in the form of Anthropic's messages.")));
        }
    }

    private void Event(JsonElement json, List<AnswerEvent> events)
    {
        switch (json.GetProperty("type").GetString())
        {
            case "message_start":
                var message = json.GetProperty("message");
                events.Add(new AnswerEvent.Started(message.GetProperty("id").GetString()!, message.GetProperty("model").GetString()!));
                Usage(message, events);
                break;
            case "content_block_start":
                Block(json.GetProperty("index").GetInt32(), json.GetProperty("content_block"), events);
                break;
            case "content_block_delta":
                Delta(json.GetProperty("index").GetInt32(), json.GetProperty("delta"), events);
                break;
            case "content_block_stop" when _calls.TryGetValue(json.GetProperty("index").GetInt32(), out var call):
                call.End(events);
                break;
            case "message_delta":
                Usage(json, events);
                Finish(json.GetProperty("delta"), events);
                break;
            case "error":
                Error(json, events);
                break;
            default:
                // ping, message_stop, the end of a block of text, and whatever is added: the protocol asks that unknown events be passed over.
                break;
        }
    }

    private void Whole(JsonElement json, List<AnswerEvent> events)
    {
        if (json.GetProperty("type").GetString() == "error")
        {
            Error(json, events);
            return;
        }

        events.Add(new AnswerEvent.Started(json.GetProperty("id").GetString()!, json.GetProperty("model").GetString()!));
        var index = 0;
        foreach (var block in json.GetProperty("content").EnumerateArray())
        {
            Block(index, block, events);
            if (_calls.TryGetValue(index++, out var call))
            {
                call.End(events);
            }
        }

        Usage(json, events);
        Finish(json, events);
    }

    private void Block(int index, JsonElement block, List<AnswerEvent> events)
    {
        switch (block.GetProperty("type").GetString())
        {
            case "text":
                Text(block, "text", text => new AnswerEvent.Text(text), events);
                break;
            case "thinking":
                Text(block, "thinking", text => new AnswerEvent.Reasoning(text), events);
                Text(block, "signature", Signature, events);
                break;
            case "redacted_thinking":
                events.Add(new AnswerEvent.RedactedReasoning(Signatures.From(Protocol.Messages, block.GetProperty("data").GetString()!)));
                break;
            case "tool_use":
                var call = _calls[index] = new Call(_calls.Count, block.TryGetProperty("input", out var input) && input.ValueKind == JsonValueKind.Object && input.EnumerateObject().Any() ? input.GetRawText() : "{}");
                events.Add(new AnswerEvent.ToolCall(call.Index, block.GetProperty("id").GetString()!, block.GetProperty("name").GetString()!));
                break;
            case var other:
                events.Add(new AnswerEvent.Failed(new(StatusCodes.Status502BadGateway, "unsupported_upstream_answer", $"The provider answered with a block '{other}', which cannot be said in the caller's protocol.")));
                break;
        }
    }

    private void Delta(int index, JsonElement delta, List<AnswerEvent> events)
    {
        switch (delta.GetProperty("type").GetString())
        {
            case "text_delta":
                Text(delta, "text", text => new AnswerEvent.Text(text), events);
                break;
            case "thinking_delta":
                Text(delta, "thinking", text => new AnswerEvent.Reasoning(text), events);
                break;
            case "signature_delta":
                Text(delta, "signature", Signature, events);
                break;
            case "input_json_delta" when delta.GetProperty("partial_json").GetString() is { Length: > 0 } fragment:
                var call = _calls[index];
                call.HasArguments = true;
                events.Add(new AnswerEvent.Arguments(call.Index, fragment));
                break;
            default:
                // citations_delta says where a text came from; the text says it without.
                break;
        }
    }

    private static AnswerEvent.ReasoningSignature Signature(string signature) => new(Signatures.From(Protocol.Messages, signature));

    private static void Text(JsonElement owner, string name, Func<string, AnswerEvent> say, List<AnswerEvent> events)
    {
        if (owner.TryGetProperty(name, out var value) && value.GetString() is { Length: > 0 } text)
        {
            events.Add(say(text));
        }
    }

    private void Usage(JsonElement owner, List<AnswerEvent> events)
    {
        if (_usage.Add(owner) is { } tokens)
        {
            events.Add(new AnswerEvent.Usage(tokens));
        }
    }

    private static void Finish(JsonElement owner, List<AnswerEvent> events)
    {
        if (owner.TryGetProperty("stop_reason", out var reason) && reason.ValueKind == JsonValueKind.String)
        {
            events.Add(new AnswerEvent.Finished(reason.GetString() switch
            {
                // pause_turn: a tool that runs at Anthropic took long, and the rest is to be asked for. Like the limits, it is no end.
                "max_tokens" or "model_context_window_exceeded" or "pause_turn" => FinishReason.Length,
                "tool_use" => FinishReason.ToolCalls,
                "refusal" => FinishReason.Refused,
                _ => FinishReason.Stop,
            })
            {
                StopSequence = owner.TryGetProperty("stop_sequence", out var stop) && stop.ValueKind == JsonValueKind.String ? stop.GetString() : null,
            });
        }
    }

    private static void Error(JsonElement json, List<AnswerEvent> events)
    {
        var error = json.GetProperty("error");
        var type = error.GetProperty("type").GetString()!;
        events.Add(new AnswerEvent.Failed(new(MessagesErrors.StatusOf(type), type, error.GetProperty("message").GetString() ?? type) { Type = type }));
    }

    private sealed class Call(int index, string input)
    {
        public int Index => index;

        public bool HasArguments { get; set; }

        public void End(List<AnswerEvent> events)
        {
            if (!HasArguments)
            {
                HasArguments = true;
                events.Add(new AnswerEvent.Arguments(index, input));
            }
        }
    }
}
