using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>
/// Understands chat completions as OpenAI sends them, and as others do: reasoning beside the content, calls whole in one piece,
/// calls that share an index or have no id, arguments that are an object, texts in a list.
/// </summary>
internal sealed class ChatAnswerReader : AnswerReader
{
    private readonly List<ChatCall> _calls = [];
    private readonly ChatReasoningDetails _details = new();
    private bool _started, _finished, _refused, _failed;
    private string _id = "";

    public override void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events)
    {
        if (_failed)
        {
            return;
        }

        if (data.SequenceEqual("[DONE]"u8))
        {
            // Some servers leave the reason out.
            if (_started)
            {
                Finish("stop", events);
            }
        }
        else if (!data.IsEmpty)
        {
            Read(data, events);
        }
    }

    public override void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events)
    {
        Read(json, events);
        if (_started && !_failed)
        {
            // One body is either all there or no JSON, and some servers leave the reason out.
            Finish("stop", events);
        }
    }

    private void Read(ReadOnlySpan<byte> data, List<AnswerEvent> events)
    {
        try
        {
            Read(JsonElement.Parse(data, new() { MaxDepth = 512 }), events);
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // The second is what half a surrogate pair in a text leads to.
            Fail(new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider's answer cannot be understood: it is not the JSON of a chat completion."), events);
        }
    }

    // { "id": "…", "created": 1, "model": "…", "choices": [ { "index": 0, "delta" or "message": { … }, "finish_reason": null } ], "usage": null }
    private void Read(JsonElement root, List<AnswerEvent> events)
    {
        if (root.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null)
        {
            Fail(OpenAiErrors.Read(StatusCodes.Status200OK, error), events);
            return;
        }

        // Azure's first piece tells of the prompt's filters, and has no model.
        if (!_started && root.TryGetProperty("choices", out var first) && first.GetArrayLength() > 0)
        {
            _started = true;
            _id = root.Text("id") is { Length: > 0 } id ? id : Guid.NewGuid().ToString("N");
            events.Add(new AnswerEvent.Started(_id, root.Text("model") ?? "")
            {
                Created = root.TryGetProperty("created", out var created) && created.ValueKind == JsonValueKind.Number && created.TryGetInt64(out var seconds) ? seconds : null,
            });
        }

        // The usage first: where it comes with the last piece, it is known before the answer is told to be over.
        if (root.TryGetProperty("usage", out var usage) && OpenAiUsage.Read(usage) is { } tokens)
        {
            events.Add(new AnswerEvent.Usage(tokens));
        }

        foreach (var choice in root.TryGetProperty("choices", out var choices) && choices.ValueKind == JsonValueKind.Array ? choices.EnumerateArray() : default)
        {
            if (choice.TryGetProperty("delta", out var delta) || choice.TryGetProperty("message", out delta))
            {
                Delta(delta, events);
            }

            if (choice.Text("finish_reason") is { Length: > 0 } reason)
            {
                Finish(reason, events);
            }
        }
    }

    private void Delta(JsonElement delta, List<AnswerEvent> events)
    {
        if (delta.ValueKind != JsonValueKind.Object)
        {
            return;
        }

        var before = events.Count;
        ChatReasoning.Read(delta, _details, events);
        if (delta.TryGetProperty("content", out var content))
        {
            Content(content, events);
        }

        if (delta.Text("refusal") is { Length: > 0 } refusal)
        {
            _refused = true;
            events.Add(new AnswerEvent.Refusal(refusal));
        }

        if (events.Count > before)
        {
            // What comes after a call ends it.
            EndCalls(events, before);
        }

        foreach (var call in delta.TryGetProperty("tool_calls", out var calls) && calls.ValueKind == JsonValueKind.Array ? calls.EnumerateArray() : default)
        {
            Call(call, events);
        }
    }

    // "text", or [ { "type": "text", "text": "…" }, { "type": "thinking", "thinking": [ { "type": "text", "text": "…" } ] } ]
    private static void Content(JsonElement content, List<AnswerEvent> events)
    {
        if (content.ValueKind == JsonValueKind.String && content.GetString() is { Length: > 0 } text)
        {
            events.Add(new AnswerEvent.Text(text));
        }

        foreach (var part in content.ValueKind == JsonValueKind.Array ? content.EnumerateArray() : default)
        {
            if (part.Text("text") is { Length: > 0 } said)
            {
                events.Add(new AnswerEvent.Text(said));
            }

            foreach (var thought in part.TryGetProperty("thinking", out var thinking) && thinking.ValueKind == JsonValueKind.Array ? thinking.EnumerateArray() : default)
            {
                if (thought.Text("text") is { Length: > 0 } reasoning)
                {
                    events.Add(new AnswerEvent.Reasoning(reasoning));
                }
            }
        }
    }

    // { "index": 0, "id": "…", "type": "function", "function": { "name": "…", "arguments": "…" } }, later { "index": 0, "function": { "arguments": "…" } }
    private void Call(JsonElement piece, List<AnswerEvent> events)
    {
        var index = piece.TryGetProperty("index", out var number) && number.ValueKind == JsonValueKind.Number ? number.GetInt32() : default(int?);
        var function = piece.TryGetProperty("function", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : piece;
        var (id, name) = (piece.Text("id"), function.Text("name"));
        var call = index is null ? id is null && name is null ? _calls.LastOrDefault() : null : _calls.LastOrDefault(call => call.At == index);

        // Ollama gave every call of an answer the index 0; what has another id is another call.
        if (call is null || (id is { Length: > 0 } && call.Id != id && name is { Length: > 0 }))
        {
            call = new(_calls.Count, index, id is { Length: > 0 } ? id : $"call_{AnswerIds.Bare(_id)}_{_calls.Count}", name ?? "");
            _calls.Add(call);
            events.Add(new AnswerEvent.ToolCall(call.Index, call.Id, call.Name) { Signature = ChatReasoning.CallSignature(piece) });
        }

        if (function.TryGetProperty("arguments", out var arguments) && arguments.ValueKind != JsonValueKind.Null)
        {
            var text = arguments.ValueKind == JsonValueKind.String ? arguments.GetString()! : arguments.GetRawText();
            if (text.Length > 0 && (call.HasArguments || text.Trim() is not ("" or "null")))
            {
                if (call.IsEnded)
                {
                    Fail(new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider went back to a call of a tool that was over."), events);
                    return;
                }

                call.HasArguments = true;
                events.Add(new AnswerEvent.Arguments(call.Index, text));
            }
        }
    }

    private void Finish(string reason, List<AnswerEvent> events)
    {
        if (_finished)
        {
            return;
        }

        _finished = true;
        if (reason == "error")
        {
            Fail(new(StatusCodes.Status502BadGateway, "error_in_answer", "The provider's answer ended with an error."), events);
            return;
        }

        EndCalls(events, events.Count);
        events.Add(new AnswerEvent.Finished(reason switch
        {
            "length" => FinishReason.Length,
            "content_filter" => FinishReason.Filtered,
            _ when _calls.Count > 0 => FinishReason.ToolCalls,
            _ when _refused => FinishReason.Refused,
            _ => FinishReason.Stop,
        }));
    }

    // Until then the arguments of several calls may come in turns, and those of one that seems to have none may still come.
    private void EndCalls(List<AnswerEvent> events, int at)
    {
        foreach (var call in _calls)
        {
            if (!call.HasArguments)
            {
                events.Insert(at++, new AnswerEvent.Arguments(call.Index, "{}"));
            }

            (call.HasArguments, call.IsEnded) = (true, call.IsEnded || !call.HasArguments);
        }
    }

    private void Fail(GatewayError error, List<AnswerEvent> events)
    {
        _failed = true;
        events.Add(new AnswerEvent.Failed(error));
    }

    private sealed class ChatCall(int index, int? at, string id, string name)
    {
        public int Index { get; } = index;

        public int? At { get; } = at;

        public string Id { get; } = id;

        public string Name { get; } = name;

        public bool HasArguments { get; set; }

        /// <summary>Whether it was said to have none.</summary>
        public bool IsEnded { get; set; }
    }
}
