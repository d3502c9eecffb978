using System.Buffers;
using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>Answers as Anthropic and Google send them. Beside each stands what is to be understood of it.</summary>
public sealed class MessagesAndGeminiAnswerTests
{
    private static readonly string[] Names = [.. VendorAnswers.Names("messages"), .. VendorAnswers.Names("gemini")];

    public static TheoryData<string> Answers { get; } = [.. Names];

    /// <summary>Streams that come to a good end.</summary>
    public static TheoryData<string> Streams { get; } =
        [.. Names.Where(name => name.EndsWith(".sse", StringComparison.Ordinal) && !name.Contains("error") && !name.Contains("overloaded") && !name.Contains("broken") && !name.Contains("malformed"))];

    [Theory]
    [MemberData(nameof(Answers))]
    public async Task What_a_vendor_sends_is_understood(string name)
    {
        var (protocol, bytes) = (VendorAnswers.Protocols[VendorAnswers.ProtocolOf(name)], await VendorAnswers.BytesAsync(name));

        Assert.Equal(await VendorAnswers.ExpectedAsync(name), Understood(protocol, name, [bytes]));
    }

    [Fact]
    public async Task Wherever_a_stream_is_cut_it_is_understood_the_same()
    {
        foreach (var name in Names.Where(name => name.EndsWith(".sse", StringComparison.Ordinal)))
        {
            var (protocol, bytes, expected) = (VendorAnswers.Protocols[VendorAnswers.ProtocolOf(name)], await VendorAnswers.BytesAsync(name), await VendorAnswers.ExpectedAsync(name));

            Prop.ForAll(Gen.Choose(1, bytes.Length).ListOf().ToArbitrary(), cuts => AnswerText.OfStream(protocol, Pieces(bytes, cuts)) == expected)
                .QuickCheckThrowOnFailure();
        }
    }

    /// <summary>Said again in the protocol that it came in, an answer is still the same one, streamed and whole.</summary>
    [Theory]
    [MemberData(nameof(Streams))]
    public async Task What_is_said_again_is_understood_the_same(string name)
    {
        var (protocol, bytes) = (VendorAnswers.Protocols[VendorAnswers.ProtocolOf(name)], await VendorAnswers.BytesAsync(name));
        var events = Events(protocol, bytes, isStream: true);

        foreach (var isStream in new[] { true, false })
        {
            var model = protocol.Name == Protocol.Gemini ? "m" : null;
            var request = new ModelRequest(protocol.Name, Operation.Generate, Encoding.UTF8.GetBytes($$"""{"model":"m","stream":{{(isStream ? "true" : "false")}}}"""), model, isStream);
            var writer = protocol.Writer(request);
            var output = new ArrayBufferWriter<byte>();
            foreach (var answerEvent in events)
            {
                writer.Write(answerEvent, output);
            }

            writer.End(output);

            Assert.Equal(Joined(events), Joined(Events(protocol, output.WrittenSpan.ToArray(), isStream)));
        }
    }

    private static string Understood(IProtocol protocol, string name, IEnumerable<byte[]> pieces) =>
        name.EndsWith(".sse", StringComparison.Ordinal) ? AnswerText.OfStream(protocol, pieces) : AnswerText.OfWhole(protocol, [.. pieces.SelectMany(piece => piece)]);

    private static IEnumerable<byte[]> Pieces(byte[] bytes, IEnumerable<int> cuts)
    {
        var from = 0;
        foreach (var to in cuts.Where(cut => cut < bytes.Length).Distinct().Order().Append(bytes.Length))
        {
            yield return bytes[from..to];
            from = to;
        }
    }

    private static List<AnswerEvent> Events(IProtocol protocol, byte[] bytes, bool isStream)
    {
        List<AnswerEvent> events = [];
        var reader = protocol.Reader();
        if (!isStream)
        {
            reader.Whole(bytes, events);
            return events;
        }

        using var lines = new EventLines();
        ReadOnlySpan<byte> rest = bytes;
        while (lines.TryRead(ref rest, out var data))
        {
            reader.Data(data, events);
        }

        return events;
    }

    // Fragments may be cut in another way, and the counts may come in other places: what they come to is the same. Calls are told
    // apart by their ids; Google's may be where all of them are at the end.
    private static string Joined(List<AnswerEvent> events)
    {
        var text = string.Concat(events.OfType<AnswerEvent.Text>().Select(part => part.Delta));
        var thoughts = string.Concat(events.OfType<AnswerEvent.Reasoning>().Select(part => part.Delta));
        var handedBack = string.Join('|', events.OfType<AnswerEvent.ReasoningSignature>().Select(part => part.Signature).Concat(events.OfType<AnswerEvent.RedactedReasoning>().Select(part => part.Data)));
        var calls = string.Join('|', events.OfType<AnswerEvent.ToolCall>().Select(call =>
            $"{call.Id} {call.Name} {call.Signature} {string.Concat(events.OfType<AnswerEvent.Arguments>().Where(part => part.Index == call.Index).Select(part => part.Delta))}"));
        return $"{events.OfType<AnswerEvent.Started>().First()}\n{thoughts}\n{handedBack}\n{text}\n{calls}\n{events.OfType<AnswerEvent.Usage>().Last()}\n{events.OfType<AnswerEvent.Finished>().Single()}";
    }
}
