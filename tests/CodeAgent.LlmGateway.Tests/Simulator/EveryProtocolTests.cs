using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Simulator;

public sealed class EveryProtocolTests(GarnetFixture redis)
{
    private const string Script = "Do.\\n```simulator\\n[{\\\"think\\\": \\\"Hm\\\"}, {\\\"say\\\": \\\"One\\\"}, {\\\"call\\\": \\\"a\\\"}, {\\\"call\\\": \\\"b\\\"}]\\n{\\\"say\\\": \\\"Two\\\"}\\n```";

    public static TheoryData<string, string> SecondTurns { get; } = new()
    {
        { "/v1/responses", $$"""
            {"model":"simulator","input":[{"type":"message","role":"developer","content":"d"},{"role":"user","content":[{"type":"input_text","text":"<environment>"}]},{"role":"user","content":"{{Script}}"},
             {"type":"reasoning","summary":[]},{"type":"message","role":"assistant","content":[{"type":"output_text","text":"One"}]},{"type":"function_call","call_id":"1","name":"a","arguments":"{}"},
             {"type":"function_call","call_id":"2","name":"b","arguments":"{}"},{"type":"function_call_output","call_id":"1","output":""},{"type":"function_call_output","call_id":"2","output":""}]}
            """ },
        { "/v1/chat/completions", $$"""{"model":"simulator","messages":[{"role":"user","content":"{{Script}}"},{"role":"assistant","content":"One"},{"role":"user","content":"go on"}]}""" },
        { "/v1/messages", $$"""{"model":"simulator","max_tokens":9,"messages":[{"role":"user","content":[{"type":"text","text":"{{Script}}"}]},{"role":"assistant","content":"One"},{"role":"user","content":"go on"}]}""" },
        { "/v1beta/models/simulator:generateContent", $$"""{"contents":[{"role":"user","parts":[{"text":"{{Script}}"}]},{"role":"model","parts":[{"text":"One"}]},{"role":"user","parts":[{"text":"go on"}]}]}""" },
    };

    [Theory]
    [MemberData(nameof(SecondTurns))]
    public async Task The_second_turn_gets_the_second_step(string path, string body)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();

        var answer = await PostAsync(client, path, body);

        Assert.Contains("\"Two\"", answer, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Embeddings_are_the_same_for_the_same_text_in_both_encodings()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();

        using var floats = JsonDocument.Parse(await PostAsync(client, "/v1/embeddings", """{"model":"simulator","input":["a","b"],"dimensions":40}"""));
        using var packed = JsonDocument.Parse(await PostAsync(client, "/v1/embeddings", """{"model":"simulator","input":"b","dimensions":40,"encoding_format":"base64"}"""));

        var vector = floats.RootElement.GetProperty("data")[1].GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()).ToArray();
        var bytes = packed.RootElement.GetProperty("data")[0].GetProperty("embedding").GetBytesFromBase64();
        Assert.Equal(vector, Enumerable.Range(0, 40).Select(i => BitConverter.ToSingle(bytes, i * 4)));
        Assert.Equal(1, vector.Sum(value => value * value), 0.001);
        Assert.NotEqual(vector, floats.RootElement.GetProperty("data")[0].GetProperty("embedding").EnumerateArray().Select(value => value.GetSingle()));
    }

    [Fact]
    public async Task Embeddings_come_in_Googles_form_too()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();
        const string B = """{"model":"models/simulator","content":{"parts":[{"text":"b"}]},"outputDimensionality":40}""";

        using var openAi = JsonDocument.Parse(await PostAsync(client, "/v1/embeddings", """{"model":"simulator","input":"b","dimensions":40}"""));
        using var one = JsonDocument.Parse(await PostAsync(client, "/v1beta/models/simulator:embedContent", B));
        using var batch = JsonDocument.Parse(await PostAsync(client, "/v1beta/models/simulator:batchEmbedContents", """{"requests":[{"content":{"parts":[{"text":"a"}]}},B]}""".Replace("B", B, StringComparison.Ordinal)));
        using var wrong = await client.PostAsync("/v1beta/models/simulator:embedContent", new StringContent("""{"input":"b"}""", Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);

        var vector = openAi.RootElement.GetProperty("data")[0].GetProperty("embedding").GetRawText();
        Assert.Equal(vector, one.RootElement.GetProperty("embedding").GetProperty("values").GetRawText());
        Assert.Equal(vector, batch.RootElement.GetProperty("embeddings")[1].GetProperty("values").GetRawText());
        Assert.Equal(256, batch.RootElement.GetProperty("embeddings")[0].GetProperty("values").GetArrayLength());
        Assert.Equal(System.Net.HttpStatusCode.BadRequest, wrong.StatusCode);
    }

    private static async Task<string> PostAsync(HttpClient client, string path, string body)
    {
        using var response = await client.PostAsync(path, new StringContent(body, Encoding.UTF8, "application/json"), TestContext.Current.CancellationToken);
        var text = await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken);
        Assert.True(response.IsSuccessStatusCode, text);
        return text;
    }
}
