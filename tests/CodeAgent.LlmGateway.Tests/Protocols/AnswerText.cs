using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What is understood of an answer, a line for each event, and a last one for what the watch saw.</summary>
internal static class AnswerText
{
    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    public static string OfStream(IProtocol protocol, IEnumerable<byte[]> pieces)
    {
        var (reader, watch) = (protocol.Reader(), protocol.Watch());
        using var lines = new EventLines();
        List<AnswerEvent> events = [];
        var text = new StringBuilder();
        var (count, firstContent) = (0, 0);
        foreach (var piece in pieces)
        {
            ReadOnlySpan<byte> rest = piece;
            while (lines.TryRead(ref rest, out var data))
            {
                reader.Data(data, events);
                watch.Data(data);
                count++;
                firstContent = firstContent == 0 && watch.HasContent ? count : firstContent;
            }
        }

        Add(text, events);
        return text + Watched(watch, firstContent);
    }

    public static string OfWhole(IProtocol protocol, byte[] body)
    {
        var (reader, watch) = (protocol.Reader(), protocol.Watch());
        List<AnswerEvent> events = [];
        reader.Whole(body, events);
        watch.Whole(body);
        var text = new StringBuilder();
        Add(text, events);
        return text + Watched(watch, watch.HasContent ? 1 : 0);
    }

    private static void Add(StringBuilder text, List<AnswerEvent> events)
    {
        foreach (var line in events.Select(Line))
        {
            text.Append(line).Append('\n');
        }
    }

    private static string Line(AnswerEvent answerEvent) => answerEvent switch
    {
        AnswerEvent.Started started => $"started {started.Id} {started.Model} {started.Created}".TrimEnd(),
        AnswerEvent.Text part => $"text {Quote(part.Delta)}",
        AnswerEvent.Refusal part => $"refusal {Quote(part.Delta)}",
        AnswerEvent.Reasoning part => $"reasoning {Quote(part.Delta)}",
        AnswerEvent.ReasoningSignature part => $"signature {part.Signature}",
        AnswerEvent.RedactedReasoning part => $"redacted {part.Data}",
        AnswerEvent.ToolCall call => $"call {call.Index} {call.Id} {call.Name} {call.Signature}".TrimEnd(),
        AnswerEvent.Arguments part => $"arguments {part.Index} {Quote(part.Delta)}",
        AnswerEvent.Usage usage => $"usage {Usage(usage.Tokens)}",
        AnswerEvent.Finished finished => $"finished {finished.Reason}",
        AnswerEvent.Failed failed => $"failed {failed.Error.Status} {failed.Error.Code}: {failed.Error.Message}",
        _ => throw new InvalidOperationException(answerEvent.ToString()),
    };

    private static string Watched(AnswerWatch watch, int firstContent) =>
        $"watch: content from {firstContent}, {watch.ContentBytes} bytes, {(watch.IsComplete ? "complete" : "incomplete")}, model {watch.Model ?? "-"}, usage {(watch.Usage is null ? "-" : Usage(watch.Usage))}"
        + $"{(watch.Error is null ? "" : $", error {watch.Error.Status} {watch.Error.Code}: {watch.Error.Message}")}\n";

    private static string Usage(TokenUsage usage) => $"{usage.Input} ({usage.CachedInput} cached, {usage.CacheWrite} written) + {usage.Output} ({usage.Reasoning} reasoning)";

    private static string Quote(string text) => JsonValue.Create(text)!.ToJsonString(Plain);
}
