using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Understands an answer in Google's form. A stream is a row of such answers, each with the next parts.</summary>
internal sealed class GeminiAnswerReader : AnswerReader
{
    private string? _id;
    private int _calls;

    public override void Data(ReadOnlySpan<byte> data, List<AnswerEvent> events) => Whole(data, events);

    public override void Whole(ReadOnlySpan<byte> json, List<AnswerEvent> events)
    {
        try
        {
            var reader = new Utf8JsonReader(json, new() { MaxDepth = 512 });
            using var document = JsonDocument.ParseValue(ref reader);
            if (document.RootElement.TryGetProperty("error", out _))
            {
                events.Add(new AnswerEvent.Failed(GeminiErrors.Read(StatusCodes.Status500InternalServerError, json)));
            }
            else
            {
                Answer(document.RootElement, events);
            }
        }
        catch (Exception e) when (e is JsonException or KeyNotFoundException or InvalidOperationException)
        {
            events.Add(Failed("invalid_upstream_answer", "The provider's answer is not in the form of Google's generateContent."));
        }
    }

    private void Answer(JsonElement answer, List<AnswerEvent> events)
    {
        if (_id is null)
        {
            _id = Text(answer, "responseId") ?? Guid.NewGuid().ToString("N");
            events.Add(new AnswerEvent.Started(_id, Text(answer, "modelVersion") ?? ""));
        }

        var candidate = answer.TryGetProperty("candidates", out var candidates) ? candidates.EnumerateArray().FirstOrDefault() : default;
        if (candidate.ValueKind == JsonValueKind.Object && candidate.TryGetProperty("content", out var content) && content.TryGetProperty("parts", out var parts))
        {
            foreach (var part in parts.EnumerateArray())
            {
                Part(part, events);
            }
        }

        if (GeminiUsage.Read(answer) is { } usage)
        {
            events.Add(new AnswerEvent.Usage(usage));
        }

        if (candidate.ValueKind == JsonValueKind.Object && Text(candidate, "finishReason") is { } reason)
        {
            events.Add(Finish(reason, Text(candidate, "finishMessage")));
        }
        else if (answer.TryGetProperty("promptFeedback", out var feedback) && Text(feedback, "blockReason") is not null)
        {
            // The request itself was refused: there is no candidate, and nothing more comes.
            events.Add(new AnswerEvent.Finished(FinishReason.Filtered));
        }
    }

    private void Part(JsonElement part, List<AnswerEvent> events)
    {
        var signature = Text(part, "thoughtSignature") is { Length: > 0 } bytes ? Signatures.From(Protocol.Gemini, bytes) : null;
        if (part.TryGetProperty("functionCall", out var call))
        {
            var index = _calls++;
            var id = Text(call, "id") is { Length: > 0 } given ? given : GeminiCallIds.For(_id!, index);
            events.Add(new AnswerEvent.ToolCall(index, id, call.GetProperty("name").GetString()!) { Signature = signature });
            events.Add(new AnswerEvent.Arguments(index, call.TryGetProperty("args", out var args) && args.ValueKind == JsonValueKind.Object ? args.GetRawText() : "{}"));
            return;
        }

        if (!part.TryGetProperty("text", out _) && signature is null && part.EnumerateObject().Select(property => property.Name).FirstOrDefault() is { } kind)
        {
            events.Add(Failed("unsupported_upstream_answer", $"The provider answered with a part '{kind}', which cannot be said in the caller's protocol."));
            return;
        }

        var text = Text(part, "text") ?? "";
        var isThought = part.TryGetProperty("thought", out var thought) && thought.ValueKind == JsonValueKind.True;
        if (isThought && text.Length > 0)
        {
            events.Add(new AnswerEvent.Reasoning(text));
        }

        // The signature of a text comes before it, as a thought without words; it comes back in the same way.
        if (signature is not null)
        {
            events.Add(new AnswerEvent.ReasoningSignature(signature));
        }

        if (!isThought && text.Length > 0)
        {
            events.Add(new AnswerEvent.Text(text));
        }
    }

    private AnswerEvent Finish(string reason, string? message) => GeminiReasons.Of(reason) switch
    {
        FinishReason.Stop when _calls > 0 => new AnswerEvent.Finished(FinishReason.ToolCalls),
        { } end => new AnswerEvent.Finished(end),
        null => Failed(reason.ToLowerInvariant(), $"The provider ended its answer with {reason}{(message is null ? "." : $": {message}")}"),
    };

    private static AnswerEvent.Failed Failed(string code, string message) => new(new(StatusCodes.Status502BadGateway, code, message));

    private static string? Text(JsonElement owner, string name) =>
        owner.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;
}
