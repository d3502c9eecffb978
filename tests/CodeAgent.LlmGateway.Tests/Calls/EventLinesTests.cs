using System.Text;
using CodeAgent.LlmGateway.Calls;

namespace CodeAgent.LlmGateway.Tests.Calls;

public sealed class EventLinesTests
{
    private static List<string> Read(IEnumerable<byte[]> pieces)
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

    [Theory]
    [InlineData("data: {\ndata: \"a\":\ndata: 1}\n\n", "{\n\"a\":\n1}")]
    [InlineData("event: x\r\ndata: {\r\n: comment\r\ndata: \"a\":{}\r\ndata:}\r\n\r\ndata: {\"b\":2}\r\n\r\n", "{\n\"a\":{}\n}|{\"b\":2}")]
    [InlineData("data: {\"a\":1}\ndata: {\"b\":2}\ndata: [DONE]\n", "{\"a\":1}|{\"b\":2}|[DONE]")]
    [InlineData("data: hello\n\n\ndata: \n\ndata: {}\n\n", "hello|{}")]
    public void Data_on_several_lines_is_one_event_wherever_it_is_cut(string stream, string expected)
    {
        var bytes = Encoding.UTF8.GetBytes(stream);

        Assert.Equal(expected.Split('|'), Read([bytes]));
        Assert.Equal(expected.Split('|'), Read(bytes.Select(one => new[] { one })));
        for (var at = 0; at <= bytes.Length; at++)
        {
            Assert.Equal(expected.Split('|'), Read([bytes[..at], bytes[at..]]));
        }
    }
}
