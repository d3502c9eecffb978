using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Protocols.Responses;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Simulator;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.LlmGateway.Tests.Simulator;

public sealed class SimulatorTests
{
    private readonly FakeTimeProvider _time = new();

    public static TheoryData<string> Cases { get; } = [.. Directory.GetFiles(Folder, "*.txt").Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    private static string Folder => Path.Combine(AppContext.BaseDirectory, "Simulator", "Scripts");

    private async Task<ProviderAnswer> AskAsync(string body) => await new SimulatorProvider(new([new ChatProtocol(_time), new ResponsesProtocol(_time)]), _time).AskAsync(
        Upstream(new(Protocol.Chat, Operation.Generate, Encoding.UTF8.GetBytes(body))), new("simulator", new() { Kind = ProviderKind.Simulator }, "simulator", null),
        TestContext.Current.CancellationToken);

    private static UpstreamRequest Upstream(ModelRequest request) => new(request, Protocol.Chat, "simulator", [request.Body]);

    private static async Task<string> TextAsync(ProviderAnswer answer)
    {
        var text = new StringBuilder();
        await foreach (var piece in answer.ReadAsync(TestContext.Current.CancellationToken))
        {
            text.Append(Encoding.UTF8.GetString(piece.Span));
        }

        return text.ToString();
    }

    private static string Conversation(string script, int answers = 0, bool stream = false) =>
        $$$"""{"model":"simulator","stream":{{{(stream ? "true" : "false")}}},"messages":[{"role":"system","content":"s"},{"role":"user","content":{{{JsonSerializer.Serialize($"Do it.\n```simulator\n{script}\n```\n")}}}}{{{string.Concat(Enumerable.Repeat(""",{"role":"assistant","content":"a"},{"role":"user","content":"go on"}""", answers))}}}]}""";

    /// <summary>Each file is a request, a line of dashes, and the answer: its status, its headers, and the body byte for byte.</summary>
    [Theory]
    [MemberData(nameof(Cases))]
    public async Task Answers_are_as_written(string file)
    {
        var text = await File.ReadAllTextAsync(Path.Combine(Folder, file), TestContext.Current.CancellationToken);
        var split = text.IndexOf("\n-----\n", StringComparison.Ordinal);
        string answered;
        try
        {
            await using var answer = await AskAsync(text[..split]);
            answered = $"{answer.Status} {answer.ContentType}\n{string.Concat(answer.Headers.Select(header => $"{header.Key}: {header.Value}\n"))}\n{await TextAsync(answer)}";
        }
        catch (ProblemException e)
        {
            answered = $"{e.Status} {e.Type}\n\n{e.Message}";
        }

        Assert.Equal(text[(split + "\n-----\n".Length)..].TrimEnd('\n'), answered.TrimEnd('\n'));
    }

    [Theory]
    [InlineData(0, "one")]
    [InlineData(1, "two")]
    [InlineData(2, "Done.")]
    [InlineData(9, "Done.")]
    public async Task The_answer_to_k_messages_of_the_assistant_is_step_k(int answers, string expected)
    {
        await using var answer = await AskAsync(Conversation("""
            {"say": "one"}

            {"wait_ms": 0}
            {"say": "two"}
            """, answers));

        using var json = JsonDocument.Parse(await TextAsync(answer));
        Assert.Equal(expected, json.RootElement.GetProperty("choices")[0].GetProperty("message").GetProperty("content").GetString());
    }

    [Fact]
    public async Task A_wait_is_spread_over_a_stream()
    {
        await using var answer = await AskAsync(Conversation("""{"say": "a b c", "wait_ms": 700}""", stream: true));
        await using var pieces = answer.ReadAsync(TestContext.Current.CancellationToken).GetAsyncEnumerator(TestContext.Current.CancellationToken);
        var count = 0;
        for (var next = pieces.MoveNextAsync().AsTask(); ; next = pieces.MoveNextAsync().AsTask())
        {
            _time.Advance(TimeSpan.FromMilliseconds(115));
            Assert.False(next.IsCompleted);
            _time.Advance(TimeSpan.FromMilliseconds(2));
            if (++count == 6)
            {
                Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
                break;
            }

            Assert.True(await next.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken));
        }

        Assert.Equal("data: [DONE]\n\n", Encoding.UTF8.GetString(pieces.Current.Span));
    }

    [Fact]
    public async Task Without_a_stream_it_waits_before_it_answers()
    {
        var asking = AskAsync(Conversation("{\"wait_ms\": 500}\n{\"say\": \"a\"}"));
        _time.Advance(TimeSpan.FromMilliseconds(499));
        Assert.False(asking.IsCompleted);
        _time.Advance(TimeSpan.FromMilliseconds(1));

        Assert.Equal((int)HttpStatusCode.OK, (await asking.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken)).Status);
    }

    [Theory]
    [InlineData("say it", "no JSON at byte 1")]
    [InlineData("7", "a JSON object or a list of them is expected")]
    [InlineData("{\"sya\": \"a\"}", "there is no 'sya', only say, think, call with with, fail with retry_after, wait_ms and usage")]
    [InlineData("{\"say\": 7}", "'say' has no right value here")]
    [InlineData("{\"say\": \"a\", \"call\": \"b\"}", "one of 'say', 'think', 'call' and 'fail' is expected")]
    [InlineData("{\"call\": \"\"}", "'call' has no right value here")]
    [InlineData("{\"call\": \"a\", \"with\": []}", "'with' has no right value here")]
    [InlineData("{\"say\": \"a\", \"with\": {}}", "'with' has no right value here")]
    [InlineData("{\"fail\": 200}", "'fail' has no right value here")]
    [InlineData("{\"wait_ms\": -1}", "'wait_ms' has no right value here")]
    [InlineData("{\"usage\": {\"prompt_tokens\": 1}}", "'usage' has no right value here")]
    [InlineData("[{\"fail\": 429}]", "'fail' has no right value here")]
    [InlineData("[{}]", "one of 'say', 'think', 'call' and 'fail' is expected")]
    [InlineData("[7]", "a JSON object is expected")]
    public async Task A_wrong_line_is_named(string line, string reason)
    {
        var e = await Assert.ThrowsAsync<ProblemException>(() => AskAsync(Conversation($"{{\"say\": \"fine\"}}\n{line}")));

        Assert.Equal($"The simulator's script is wrong: line 4 of the first message: {reason}.", e.Message);
    }

    [Fact]
    public async Task A_block_that_is_not_closed_is_an_error() =>
        Assert.Contains("not closed", (await Assert.ThrowsAsync<ProblemException>(() =>
            AskAsync("""{"model":"simulator","messages":[{"role":"user","content":"```simulator\n{\"say\":\"a\"}"}]}"""))).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("{\"model\":\"simulator\"}")]
    [InlineData("{\"model\":\"simulator\",\"messages\":[]}")]
    [InlineData("{\"model\":\"simulator\",\"messages\":[1]}")]
    public async Task Messages_are_needed(string body) =>
        Assert.Equal("messages", (await Assert.ThrowsAsync<ProblemException>(() => AskAsync(body))).Field);
}
