using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What an answer or a conversation means, whatever the protocol and however it came in pieces.</summary>
internal static class Meaning
{
    /// <summary>What is said, what is thought, what is called, why it ended and what it used. Where it failed, only that.</summary>
    public static string OfAnswer(IProtocol protocol, byte[] bytes, bool isStream)
    {
        var reader = protocol.Reader();
        List<AnswerEvent> events = [];
        if (isStream)
        {
            using var lines = new EventLines();
            ReadOnlySpan<byte> rest = bytes;
            while (lines.TryRead(ref rest, out var data))
            {
                reader.Data(data, events);
            }
        }
        else
        {
            reader.Whole(bytes, events);
        }

        return events.Any(answerEvent => answerEvent is AnswerEvent.Failed) || !events.Any(answerEvent => answerEvent is AnswerEvent.Finished) ? "failed" : OfEvents(events);
    }

    public static string OfConversation(Conversation conversation)
    {
        var text = new StringBuilder();
        text.Append($"system {string.Concat(conversation.System.Select(OfPart))}\n");
        foreach (var message in conversation.Messages)
        {
            text.Append($"{message.Role}\n").AppendJoin("", message.Parts.Select(part => $"  {OfPart(part)}\n"));
        }

        foreach (var tool in conversation.Tools)
        {
            text.Append($"tool {tool.Name} {tool.Description} {(tool.Schema is { } schema ? Json(schema.GetRawText()) : "")}\n");
        }

        return text.Append($"choice {conversation.ToolChoice?.Kind}, {conversation.MaxOutputTokens} tokens, temperature {conversation.Temperature}, stream {conversation.IsStream}").ToString();
    }

    private static string OfEvents(List<AnswerEvent> events)
    {
        var calls = events.OfType<AnswerEvent.ToolCall>().Select(call =>
            $"call {call.Name} {Json(string.Concat(events.OfType<AnswerEvent.Arguments>().Where(part => part.Index == call.Index).Select(part => part.Delta)))}\n");
        var usage = events.OfType<AnswerEvent.Usage>().LastOrDefault()?.Tokens;
        var isRefusal = events.Any(answerEvent => answerEvent is AnswerEvent.Refusal);

        // Some protocols say a refusal in words, some in the reason, and some call it a filter.
        var reason = events.OfType<AnswerEvent.Finished>().Single().Reason is var finish && (isRefusal || finish is FinishReason.Refused or FinishReason.Filtered) ? "refused" : finish.ToString();
        return $"""
            said {string.Concat(events.Select(part => part switch { AnswerEvent.Text text => text.Delta, AnswerEvent.Refusal refusal => refusal.Delta, _ => "" }))}
            thought {string.Concat(events.OfType<AnswerEvent.Reasoning>().Select(part => part.Delta))}
            {string.Concat(calls)}used {(usage is null or { Total: 0 } ? "-" : $"{usage.Input} ({usage.CachedInput} cached) + {usage.Output}")}
            ended {reason}
            """;
    }

    private static string OfPart(Part part) => part switch
    {
        Part.Text text => text.Value,
        Part.Refusal refusal => refusal.Value,
        Part.Image image => $"image {image.Url} {image.MediaType} {image.Data}",
        Part.ToolCall call => $"call {call.Id} {call.Name} {Json(call.Arguments)}",
        Part.ToolResult result => $"result {result.CallId} {result.Name} {string.Concat(result.Content.Select(OfPart))} {result.IsError}",
        _ => part.ToString(),
    };

    private static string Json(string arguments) => JsonNode.Parse(arguments)!.ToJsonString();
}
