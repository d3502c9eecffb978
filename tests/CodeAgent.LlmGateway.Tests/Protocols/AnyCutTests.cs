using System.Buffers;
using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Chat;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>Networks cut streams anywhere: in the middle of a line, of a character, between the two ends of a line.</summary>
public sealed class AnyCutTests
{
    public static TheoryData<string> Streams { get; } = [.. VendorAnswers.OfOpenAi.Where(name => name.EndsWith(".sse", StringComparison.Ordinal))];

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task A_cut_at_any_byte_changes_no_line(string name)
    {
        var bytes = await VendorAnswers.BytesAsync(name);
        var whole = Lines([bytes]);

        for (var at = 0; at <= bytes.Length; at += Step(bytes))
        {
            Assert.Equal(whole, Lines([bytes[..at], bytes[at..]]));
        }

        Assert.Equal(whole, Lines(bytes.Select(one => new[] { one })));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Cuts_at_any_bytes_change_nothing_of_what_is_understood(string name)
    {
        var (protocol, bytes) = (VendorAnswers.Protocols[VendorAnswers.ProtocolOf(name)], await VendorAnswers.BytesAsync(name));
        var whole = AnswerText.OfStream(protocol, [bytes]);

        Check(bytes, pieces => AnswerText.OfStream(protocol, pieces) == whole);
        Assert.Equal(whole, AnswerText.OfStream(protocol, bytes.Select(one => new[] { one })));
    }

    [Theory]
    [MemberData(nameof(Streams))]
    public async Task Cuts_at_any_bytes_change_nothing_of_what_is_filtered(string name)
    {
        var bytes = await VendorAnswers.BytesAsync(name);
        var expected = WithoutUsageEvents(Encoding.UTF8.GetString(bytes));

        Assert.Equal(expected, Filtered([bytes]));
        Assert.Equal(expected, Filtered(bytes.Select(one => new[] { one })));
        for (var at = 0; at <= bytes.Length; at += Step(bytes))
        {
            Assert.Equal(expected, Filtered([bytes[..at], bytes[at..]]));
        }

        Check(bytes, pieces => Filtered(pieces) == expected);
    }

    [Theory]
    [InlineData("data: {\"choices\":[],\"usage\":null}\n\n", true)]
    [InlineData("data: {\"choices\":[],\"prompt_filter_results\":[]}\n\n", true)]
    [InlineData("data: {\"choices\":[{\"index\":0}],\"usage\":{}}\n\n", true)]
    [InlineData("data: {\"usage\":{}}\n\n", true)]
    [InlineData("data: {\"choices\":[],\"usage\":{\"a\":", true)]
    [InlineData(": {\"choices\":[],\"usage\":{}}\n\n", true)]
    [InlineData("data: {\"choices\": [ ], \"usage\": {} }\r\n\r\n", false)]
    [InlineData("data:{\"usage\":{},\"x\":1,\"choices\":[]}\n\n", false)]
    public void Only_an_event_that_tells_of_usage_alone_is_taken_out(string text, bool passes) =>
        Assert.Equal($"data: 1\n\n{(passes ? text : "")}{(text.EndsWith('\n') ? "data: 2\n\n" : "")}",
            Filtered([Encoding.UTF8.GetBytes($"data: 1\n\n{text}{(text.EndsWith('\n') ? "data: 2\n\n" : "")}")]));

    [Fact]
    public void A_line_that_is_too_long_to_be_held_goes_through()
    {
        var text = $"data: {{\"x\":\"{new string('y', 200_000)}\",\"choices\":[],\"usage\":{{}}}}\n\ndata: {{\"choices\":[],\"usage\":{{}}}}\n\n";

        Assert.Equal(text[..(text.IndexOf("\n\n", StringComparison.Ordinal) + 2)], Filtered(Encoding.UTF8.GetBytes(text).Chunk(10_000)));
    }

    // Every byte of a short stream; long ones, which hold the same again and again, at some, and below at all of them at once.
    private static int Step(byte[] bytes) => bytes.Length <= 4000 ? 1 : 13;

    private static List<string> Lines(IEnumerable<byte[]> pieces)
    {
        using var lines = new EventLines();
        List<string> found = [];
        foreach (var piece in pieces)
        {
            ReadOnlySpan<byte> rest = piece;
            while (lines.TryRead(ref rest, out var data))
            {
                found.Add(Encoding.UTF8.GetString(data));
            }
        }

        return found;
    }

    private static string Filtered(IEnumerable<byte[]> pieces)
    {
        using var filter = new UsageChunkFilter();
        var output = new ArrayBufferWriter<byte>();
        foreach (var piece in pieces)
        {
            filter.Add(piece, output);
        }

        filter.End(output);
        return Encoding.UTF8.GetString(output.WrittenSpan);
    }

    // Said in another way than the filter does it: by whole events.
    private static string WithoutUsageEvents(string text)
    {
        var end = text.Contains("\r\n\r\n", StringComparison.Ordinal) ? "\r\n\r\n" : "\n\n";
        return string.Concat(text.Split(end).Select((line, index) => index == 0 ? line : end + line)
            .Where(line => !(line.Contains("\"choices\":[]", StringComparison.Ordinal) && line.Contains("\"usage\":{", StringComparison.Ordinal))));
    }

    private static void Check(byte[] bytes, Func<IEnumerable<byte[]>, bool> holds) =>
        Prop.ForAll(ArbMap.Default.ArbFor<NonNegativeInt[]>(), cuts => holds(Cut(bytes, cuts.Select(cut => cut.Get * 7919 % (bytes.Length + 1)))))
            .Check(Config.QuickThrowOnFailure.WithMaxTest(30).WithQuietOnSuccess(true));

    private static IEnumerable<byte[]> Cut(byte[] bytes, IEnumerable<int> at)
    {
        var from = 0;
        foreach (var to in at.Order().Append(bytes.Length))
        {
            yield return bytes[from..to];
            from = to;
        }
    }
}
