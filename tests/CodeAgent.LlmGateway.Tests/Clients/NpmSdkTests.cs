using System.Text.Json;
using CliWrap;
using CliWrap.Buffered;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Npm;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Clients;

/// <summary>The vendors' own clients for JavaScript, unmodified, in conversations with tools.</summary>
public sealed class NpmSdkTests(GarnetFixture redis, NpmClients npm)
{
    private const string Prompt = """
        Please read both.
        ```simulator
        [{"say": "Reading."}, {"call": "read", "with": {"path": "a.txt"}}, {"call": "read", "with": {"path": "é \"b\".txt"}}]
        {"say": "Both are read."}
        ```
        """;

    private static readonly string[] Called = ["""read {"path":"a.txt"}""", """read {"path":"é \"b\".txt"}"""];

    [Fact]
    public async Task OpenAI()
    {
        var said = await RunAsync("openai.mjs");

        Assert.Equal(Called, Strings(said, "chat", "called"));
        Assert.Equal(Called, Strings(said, "responses", "called"));
        AssertEnd(said, "chat", "stop");
        AssertEnd(said, "responses", "completed");
        Assert.Contains("simulator", said.GetProperty("models").EnumerateArray().Select(model => model.GetString()));
        Assert.Equal("NotFoundError 404 model_not_found", said.GetProperty("refusal").GetString());
        Assert.Equal([true, true], said.GetProperty("embeddings").EnumerateArray().Select(there => there.GetBoolean()));
    }

    [Fact]
    public async Task Anthropic()
    {
        var said = await RunAsync("anthropic.mjs");

        Assert.Equal(Called, Strings(said, "messages", "called"));
        AssertEnd(said, "messages", "end_turn");
        Assert.Equal("NotFoundError 404 not_found_error", said.GetProperty("refusal").GetString());
        Assert.True(said.GetProperty("counted").GetBoolean());
    }

    [Fact]
    public async Task Google()
    {
        var said = await RunAsync("genai.mjs");

        Assert.Equal(Called, Strings(said, "gemini", "called"));
        AssertEnd(said, "gemini", "STOP");
        Assert.Equal("ApiError 404", said.GetProperty("refusal").GetString());
        Assert.True(said.GetProperty("counted").GetBoolean());
    }

    private static void AssertEnd(JsonElement said, string conversation, string finish)
    {
        var end = said.GetProperty(conversation);
        Assert.Equal("Both are read.", end.GetProperty("text").GetString());
        Assert.Equal(finish, end.GetProperty("finish").GetString());
        Assert.True(end.GetProperty("used").GetBoolean());
    }

    // Called with spaces or without: what was said is the same.
    private static IEnumerable<string> Strings(JsonElement said, string conversation, string list) =>
        said.GetProperty(conversation).GetProperty(list).EnumerateArray().Select(call =>
        {
            var (name, arguments) = (call.GetString()!.Split(' ', 2)[0], call.GetString()!.Split(' ', 2)[1]);
            return $"{name} {JsonSerializer.Serialize(JsonDocument.Parse(arguments).RootElement, Plain)}";
        });

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    private async Task<JsonElement> RunAsync(string script)
    {
        Assert.SkipWhen(npm.Unavailable is not null, npm.Unavailable ?? "");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        var node = await Cli.Wrap("node").WithArguments([script]).WithWorkingDirectory(NpmClients.Folder)
            .WithEnvironmentVariables(environment => environment
                .Set("GATEWAY", gateway.ClientOptions.BaseAddress.ToString().TrimEnd('/'))
                .Set("GATEWAY_KEY", GatewayHost.Key)
                .Set("PROMPT", Prompt))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(TestContext.Current.CancellationToken);

        Assert.True(node.ExitCode == 0, node.StandardError + node.StandardOutput);
        return JsonDocument.Parse(node.StandardOutput).RootElement.Clone();
    }
}
