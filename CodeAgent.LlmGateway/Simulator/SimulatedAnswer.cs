using System.Buffers;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>A step as an answer, in the pieces in which a provider would stream it: words, and arguments cut anywhere.</summary>
internal sealed class SimulatedAnswer(SimulatedConversation conversation, Step step, string model)
{
    private const int ArgumentsPiece = 24;

    /// <summary>The answer as one body.</summary>
    public byte[] Whole(AnswerWriter writer) => [.. Pieces(writer).SelectMany(piece => piece)];

    /// <summary>What the writer makes of each event; what it makes nothing of is left out.</summary>
    public IEnumerable<byte[]> Pieces(AnswerWriter writer)
    {
        var output = new ArrayBufferWriter<byte>();
        foreach (var answerEvent in Events().Append(null))
        {
            if (answerEvent is null)
            {
                writer.End(output);
            }
            else
            {
                writer.Write(answerEvent, output);
            }

            if (output.WrittenCount > 0)
            {
                yield return output.WrittenSpan.ToArray();
                output.ResetWrittenCount();
            }
        }
    }

    private IEnumerable<AnswerEvent> Events()
    {
        yield return new AnswerEvent.Started(conversation.Id, model) { Created = 0 };
        foreach (var words in Words(step.Think ?? ""))
        {
            yield return new AnswerEvent.Reasoning(words);
        }

        foreach (var words in Words(step.Say ?? ""))
        {
            yield return new AnswerEvent.Text(words);
        }

        for (var index = 0; index < step.Calls.Count; index++)
        {
            yield return new AnswerEvent.ToolCall(index, $"call_{conversation.Id}_{index}", step.Calls[index].Name);
            foreach (var part in Parts(step.Calls[index].Arguments))
            {
                yield return new AnswerEvent.Arguments(index, part);
            }
        }

        yield return new AnswerEvent.Usage(Usage());
        yield return new AnswerEvent.Finished(step.Calls.Count > 0 ? FinishReason.ToolCalls : FinishReason.Stop);
    }

    private static IEnumerable<string> Parts(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            // A character of two code units is one character on the wire.
            var end = Math.Min(text.Length, start + ArgumentsPiece);
            end += end < text.Length && char.IsLowSurrogate(text[end]) ? 1 : 0;
            yield return text[start..end];
            start = end;
        }
    }

    // A word with the space before it.
    private static IEnumerable<string> Words(string text)
    {
        for (var start = 0; start < text.Length;)
        {
            var space = text.IndexOfAny([' ', '\n'], start + 1);
            var end = space < 0 ? text.Length : space;
            yield return text[start..end];
            start = end;
        }
    }

    private TokenUsage Usage()
    {
        if (step.Usage is { } told)
        {
            return OpenAiUsage.Read(told)!;
        }

        var thought = SimulatedConversation.TokensOf(step.Think ?? "");
        var answer = SimulatedConversation.TokensOf(step.Say ?? "") + step.Calls.Sum(call => SimulatedConversation.TokensOf(call.Name + call.Arguments));
        return new(conversation.Tokens, 0, answer + thought, thought);
    }
}
