using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>
/// Understands responses, whole or as events. What came in deltas is not taken again from the item that is done; where a server
/// sends no deltas, the item tells it.
/// </summary>
internal sealed class ResponsesAnswerReader : AnswerReader
{
    private readonly Dictionary<string, int> _calls = [];
    private readonly HashSet<string> _told = [];
    private bool _started, _refused, _failed;

    public override void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events) => Try(data, events, isStream: true);

    public override void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events) => Try(json, events, isStream: false);

    private void Try(ReadOnlySpan<byte> json, List<AnswerEvent> events, bool isStream)
    {
        if (_failed || json.IsEmpty || json.SequenceEqual("[DONE]"u8))
        {
            return;
        }

        try
        {
            var root = JsonElement.Parse(json, new() { MaxDepth = 512 });
            if (isStream)
            {
                Event(root, events);
            }
            else
            {
                Response(root, events);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException or KeyNotFoundException)
        {
            // The second is what half a surrogate pair in a text leads to, or a value of another kind; the third, one that is missing.
            events.Add(new AnswerEvent.Failed(new(StatusCodes.Status502BadGateway, "invalid_answer", "The provider's answer cannot be understood: it is not the JSON of a response.")));
        }

        _failed = events is [.., AnswerEvent.Failed];
    }

    private void Event(JsonElement root, List<AnswerEvent> events)
    {
        var type = root.Text("type") ?? (root.TryGetProperty("error", out _) ? "error" : null);
        if (!_started && type is not "error")
        {
            // A server that leaves the first event out still has an answer.
            Start(root.TryGetProperty("response", out var response) ? response : root.TryGetProperty("item", out var first) ? first : root, events);
        }

        switch (type)
        {
            case "response.output_text.delta":
                Told(root);
                Add(root.Text("delta"), static text => new AnswerEvent.Text(text), events);
                break;
            case "response.refusal.delta":
                Told(root);
                _refused = true;
                Add(root.Text("delta"), static text => new AnswerEvent.Refusal(text), events);
                break;
            case "response.reasoning_summary_part.added" when root.TryGetProperty("summary_index", out var index) && index.GetInt32() > 0:
                events.Add(new AnswerEvent.Reasoning("\n\n"));
                break;
            case "response.reasoning_summary_text.delta" or "response.reasoning_text.delta":
                Told(root);
                Add(root.Text("delta"), static text => new AnswerEvent.Reasoning(text), events);
                break;
            case "response.output_item.added":
                Begun(root.GetProperty("item"), events);
                break;
            case "response.function_call_arguments.delta":
                if (root.Text("item_id") is { } item && _calls.TryGetValue(item, out var call))
                {
                    Told(root);
                    Add(root.Text("delta"), text => new AnswerEvent.Arguments(call, text), events);
                }

                break;
            case "response.output_item.done":
                Done(root.GetProperty("item"), events);
                break;
            case "response.completed" or "response.incomplete" or "response.failed" or "response.cancelled":
                End(root.GetProperty("response"), events);
                break;
            case "error":
                events.Add(new AnswerEvent.Failed(ResponsesErrors.OfEvent(root)));
                break;
        }
    }

    private void Response(JsonElement root, List<AnswerEvent> events)
    {
        Start(root, events);
        foreach (var item in root.TryGetProperty("output", out var output) && output.ValueKind == JsonValueKind.Array ? output.EnumerateArray() : default)
        {
            Done(item, events);
        }

        End(root, events);
    }

    private void Start(JsonElement response, List<AnswerEvent> events)
    {
        if (_started)
        {
            return;
        }

        _started = true;
        events.Add(new AnswerEvent.Started(response.Text("id") ?? response.Text("item_id") ?? $"resp_{Guid.NewGuid():N}", response.Text("model") ?? "")
        {
            Created = response.TryGetProperty("created_at", out var created) && created.ValueKind == JsonValueKind.Number ? (long)created.GetDouble() : null,
        });
    }

    private void Begun(JsonElement item, List<AnswerEvent> events)
    {
        if (item.Text("type") is "function_call")
        {
            var (id, call) = (Id(item), item.Text("call_id"));
            if (_calls.TryAdd(id, _calls.Count))
            {
                events.Add(new AnswerEvent.ToolCall(_calls[id], call is { Length: > 0 } ? call : id, item.Text("name") ?? ""));
            }
        }
    }

    private void Done(JsonElement item, List<AnswerEvent> events)
    {
        var isTold = _told.Contains(Id(item));
        switch (item.Text("type"))
        {
            case "message":
                foreach (var part in isTold ? [] : Parts(item, "content"))
                {
                    _refused |= part.Text("refusal") is { Length: > 0 };
                    Add(part.Text("text"), static text => new AnswerEvent.Text(text), events);
                    Add(part.Text("refusal"), static text => new AnswerEvent.Refusal(text), events);
                }

                break;
            case "reasoning":
                Reasoning(item, isTold, events);
                break;
            case "function_call":
                Begun(item, events);
                if (!isTold)
                {
                    events.Add(new AnswerEvent.Arguments(_calls[Id(item)], item.Text("arguments") is { Length: > 0 } arguments ? arguments : "{}"));
                }

                break;
        }
    }

    private static void Reasoning(JsonElement item, bool isTold, List<AnswerEvent> events)
    {
        if (!isTold)
        {
            var texts = Parts(item, "summary").Concat(Parts(item, "content")).Select(part => part.Text("text")).Where(text => text is { Length: > 0 });
            Add(string.Join("\n\n", texts), static text => new AnswerEvent.Reasoning(text), events);
        }

        Add(item.Text("encrypted_content"), static encrypted => new AnswerEvent.ReasoningSignature(Signatures.From(Protocol.Responses, encrypted)), events);
    }

    private void End(JsonElement response, List<AnswerEvent> events)
    {
        if (response.TryGetProperty("usage", out var usage) && OpenAiUsage.Read(usage) is { } tokens)
        {
            events.Add(new AnswerEvent.Usage(tokens));
        }

        var hasError = response.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null;
        var reason = response.TryGetProperty("incomplete_details", out var details) ? details.Text("reason") : null;
        events.Add((response.Text("status"), hasError) switch
        {
            (_, true) => new AnswerEvent.Failed(OpenAiErrors.Read(StatusCodes.Status200OK, error)),
            ("incomplete", _) => new AnswerEvent.Finished(reason == "content_filter" ? FinishReason.Filtered : FinishReason.Length),
            ("completed" or null, _) => new AnswerEvent.Finished(_calls.Count > 0 ? FinishReason.ToolCalls : _refused ? FinishReason.Refused : FinishReason.Stop),
            var (status, _) => new AnswerEvent.Failed(new(StatusCodes.Status502BadGateway, "error_in_answer", $"The provider's response ended as '{status}'.")),
        });
    }

    private static IEnumerable<JsonElement> Parts(JsonElement item, string name) =>
        item.TryGetProperty(name, out var parts) && parts.ValueKind == JsonValueKind.Array ? parts.EnumerateArray() : Enumerable.Empty<JsonElement>();

    private static string Id(JsonElement item) => item.Text("id") ?? item.Text("call_id") ?? "";

    private void Told(JsonElement root)
    {
        if (root.Text("item_id") is { } item && root.Text("delta") is { Length: > 0 })
        {
            _told.Add(item);
        }
    }

    private static void Add(string? text, Func<string, AnswerEvent> make, List<AnswerEvent> events)
    {
        if (text is { Length: > 0 })
        {
            events.Add(make(text));
        }
    }
}
