using System.Diagnostics;
using System.Net;
using System.Text;
using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Protocols;

/// <summary>What Anthropic's and Google's clients meet: the simulator in their protocol, errors in their form, lists of models, keys.</summary>
public sealed class ClientFormTests(GarnetFixture redis)
{
    private const string Script = """Do it.\n```simulator\n[{\"say\": \"Both.\"}, {\"call\": \"read\", \"with\": {\"path\": \"ä b\"}}, {\"call\": \"list\"}]\n```""";

    private static async Task<(HttpResponseMessage Response, string Body)> SendAsync(HttpClient client, HttpMethod method, string path, string? body = null, params (string Name, string Value)[] headers)
    {
        using var request = new HttpRequestMessage(method, path) { Content = body is null ? null : new StringContent(body, Encoding.UTF8, "application/json") };
        foreach (var (name, value) in headers)
        {
            request.Headers.Add(name, value);
        }

        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }

    private static List<JsonNode> Events(string stream) =>
        [.. stream.Split('\n').Where(line => line.StartsWith("data: ", StringComparison.Ordinal)).Select(line => JsonNode.Parse(line[6..])!)];

    [Fact]
    public async Task A_script_is_played_in_Anthropics_protocol()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();

        var (response, stream) = await SendAsync(client, HttpMethod.Post, "/v1/messages", $$"""{"model":"simulator","max_tokens":100,"stream":true,"messages":[{"role":"user","content":"{{Script}}"}]}""");
        var (_, whole) = await SendAsync(client, HttpMethod.Post, "/v1/messages", $$"""{"model":"simulator","max_tokens":100,"messages":[{"role":"user","content":"{{Script}}"}]}""");

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = Events(stream);
        Assert.Equal(("message_start", "message_stop"), ((string?)events[0]["type"], (string?)events[^1]["type"]));
        Assert.Equal("Both.", string.Concat(events.Select(one => (string?)one["delta"]?["text"])));
        var message = JsonNode.Parse(whole)!;
        Assert.Equal(("message", "tool_use"), ((string?)message["type"], (string?)message["stop_reason"]));
        Assert.Equal(["Both.", "read", "list"], message["content"]!.AsArray().Select(block => (string?)block!["text"] ?? (string?)block["name"]));
        Assert.Equal("ä b", (string?)message["content"]![1]!["input"]!["path"]);
        Assert.Equal((string?)message["id"], (string?)events[0]["message"]!["id"]);
    }

    [Fact]
    public async Task A_script_is_played_in_Googles_protocol()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();
        var body = $$"""{"contents":[{"role":"user","parts":[{"text":"{{Script}}"}]}]}""";

        var (response, stream) = await SendAsync(client, HttpMethod.Post, "/v1beta/models/simulator:streamGenerateContent?alt=sse", body);
        var (_, whole) = await SendAsync(client, HttpMethod.Post, "/v1beta/models/simulator:generateContent", body);

        Assert.Equal("text/event-stream", response.Content.Headers.ContentType?.MediaType);
        var events = Events(stream);
        Assert.Equal("STOP", (string?)events[^1]["candidates"]![0]!["finishReason"]);
        Assert.Equal(["read", "list"], events[^1]["candidates"]![0]!["content"]!["parts"]!.AsArray().Select(part => (string?)part!["functionCall"]?["name"]));
        var parts = JsonNode.Parse(whole)!["candidates"]![0]!["content"]!["parts"]!.AsArray();
        Assert.Equal(("Both.", "ä b"), ((string?)parts[0]!["text"], (string?)parts[1]!["functionCall"]!["args"]!["path"]));
    }

    [Theory]
    [InlineData("/v1/messages", "{\"model\":\"none\"}", 404, "{\"type\":\"error\",\"error\":{\"type\":\"not_found_error\"")]
    [InlineData("/v1/messages", "[]", 400, "{\"type\":\"error\",\"error\":{\"type\":\"invalid_request_error\"")]
    [InlineData("/v1beta/models/none:generateContent", "{}", 404, "{\"error\":{\"code\":404,")]
    [InlineData("/v1beta/models/simulator:streamGenerateContent", "{}", 400, "{\"error\":{\"code\":400,")]
    [InlineData("/v1beta/models/simulator:predict", "{}", 404, "{\"error\":{\"code\":404,")]
    [InlineData("/v1/models/none:generateContent", "{}", 404, "{\"error\":{\"code\":404,")]
    public async Task What_is_wrong_is_said_in_the_form_of_the_protocol(string path, string body, int status, string start)
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();
        using var nobody = gateway.Client(null);

        var (response, answer) = await SendAsync(client, HttpMethod.Post, path, body);
        var (refused, refusal) = await SendAsync(nobody, HttpMethod.Post, path, body);

        Assert.Equal(status, (int)response.StatusCode);
        Assert.StartsWith(start, answer, StringComparison.Ordinal);
        Assert.Equal("false", response.Headers.GetValues("x-should-retry").Single());
        Assert.Equal(HttpStatusCode.Unauthorized, refused.StatusCode);
        Assert.Contains(path.StartsWith("/v1/messages", StringComparison.Ordinal) ? "authentication_error" : "UNAUTHENTICATED", refusal, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Models_are_listed_in_each_protocols_form()
    {
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString);
        using var client = gateway.Client();

        var (_, openAi) = await SendAsync(client, HttpMethod.Get, "/v1/models");
        var (_, anthropic) = await SendAsync(client, HttpMethod.Get, "/v1/models?limit=20", null, ("anthropic-version", "2023-06-01"));
        var (_, gemini) = await SendAsync(client, HttpMethod.Get, "/v1beta/models");
        var (_, one) = await SendAsync(client, HttpMethod.Get, "/v1/models/simulator");
        var (_, oneOfAnthropics) = await SendAsync(client, HttpMethod.Get, "/v1/models/simulator", null, ("anthropic-version", "2023-06-01"));
        var (_, oneOfGoogles) = await SendAsync(client, HttpMethod.Get, "/v1beta/models/simulator");
        var (none, _) = await SendAsync(client, HttpMethod.Get, "/v1/models/none/such");

        Assert.Equal(["default", "simulator"], JsonNode.Parse(openAi)!["data"]!.AsArray().Select(model => (string?)model!["id"]));
        Assert.Equal(("model", "default", false), ((string?)JsonNode.Parse(anthropic)!["data"]![0]!["type"], (string?)JsonNode.Parse(anthropic)!["first_id"], (bool)JsonNode.Parse(anthropic)!["has_more"]!));
        Assert.Equal(["models/default", "models/simulator"], JsonNode.Parse(gemini)!["models"]!.AsArray().Select(model => (string?)model!["name"]));
        Assert.Equal("simulator", (string?)JsonNode.Parse(one)!["provider"]);
        Assert.Equal("simulator", (string?)JsonNode.Parse(oneOfAnthropics)!["display_name"]);
        Assert.Equal("models/simulator", (string?)JsonNode.Parse(oneOfGoogles)!["name"]);
        Assert.Equal(HttpStatusCode.NotFound, none.StatusCode);
    }

    [Fact]
    public async Task A_key_in_the_query_opens_Googles_addresses_alone_and_shows_nowhere()
    {
        // The listener hears the tests beside this one too: what they call a canary is not this one.
        var (own, canary) = ($"k-{Guid.NewGuid():N}", $"key-{Guid.NewGuid():N}");
        ConcurrentTags tags = new();
        using var listener = new ActivityListener
        {
            ShouldListenTo = _ => true,
            Sample = (ref ActivityCreationOptions<ActivityContext> _) => ActivitySamplingResult.AllDataAndRecorded,
            ActivityStopped = tags.Add,
        };
        ActivitySource.AddActivityListener(listener);
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync("""{"candidates":[{"content":{"parts":[{"text":"yes"}],"role":"model"},"finishReason":"STOP","index":0}],"modelVersion":"g"}""");
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers:
              mock: { kind: gemini, baseUrl: "{{upstream.BaseUrl}}", apiKey: "${MOCK_KEY}" }
            models:
              mock-model: { provider: mock, model: upstream-model }
            default: [mock-model]
            """, ("MOCK_KEY", own), ("CODEAGENT_API_KEY", canary), ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore.Hosting.Diagnostics", "Trace"));
        using var client = gateway.Client(null);

        var (response, body) = await SendAsync(client, HttpMethod.Post, $"/v1beta/models/mock-model:generateContent?key={canary}&fields=a", """{"contents":[]}""");
        var (refused, refusal) = await SendAsync(client, HttpMethod.Get, $"/v1/models?key={canary}");
        var (header, _) = await SendAsync(client, HttpMethod.Get, "/v1beta/models", null, ("x-goog-api-key", canary));

        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.Unauthorized, HttpStatusCode.OK), (response.StatusCode, refused.StatusCode, header.StatusCode));
        var sent = Assert.Single(upstream.Requests);
        Assert.Equal(("/v1/models/upstream-model:generateContent?fields=a", own), (sent.Target, sent.Headers["x-goog-api-key"]));
        var logged = string.Concat(gateway.Logs.GetSnapshot().Select(line => $"{line.Message}{line.Exception}{string.Join(' ', line.Scopes)}"));
        Assert.All([own, canary], secret => Assert.DoesNotContain(secret, body + refusal + logged + tags.Text, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("anthropic", "/v1/messages", 529, """{"type":"error","error":{"type":"overloaded_error","message":"Overloaded sk-canary"},"request_id":"req_1"}""", "\"overloaded_error\"")]
    [InlineData("gemini", "/v1beta/models/mock-model:generateContent", 429, """{"error":{"code":429,"message":"Quota sk-canary.","status":"RESOURCE_EXHAUSTED"}}""", "RESOURCE_EXHAUSTED")]
    [InlineData("anthropic", "/v1beta/models/mock-model:generateContent", 400, """{"type":"error","error":{"type":"invalid_request_error","message":"Bad sk-canary"}}""", "\"status\":\"INVALID_ARGUMENT\"")]
    [InlineData("gemini", "/v1/messages", 400, """{"error":{"code":400,"message":"Bad sk-canary","status":"INVALID_ARGUMENT"}}""", "\"type\":\"invalid_request_error\"")]
    public async Task A_providers_error_comes_in_the_callers_form_without_the_key(string kind, string path, int status, string error, string expected)
    {
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http =>
        {
            http.Response.StatusCode = status;
            return http.Response.WriteAsync(error);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, $$"""
            providers:
              mock: { kind: {{kind}}, baseUrl: "{{upstream.BaseUrl}}", apiKey: "${MOCK_KEY}" }
            models:
              mock-model: { provider: mock, model: upstream-model }
            default: [mock-model]
            retries: { budget: 0, floor: 0 }
            """, ("MOCK_KEY", "sk-canary"));
        using var client = gateway.Client();

        var (response, body) = await SendAsync(client, HttpMethod.Post, path, """{"model":"mock-model","max_tokens":5,"messages":[{"role":"user","content":"a"}],"contents":[{"parts":[{"text":"a"}]}]}"""
            .Replace(path.StartsWith("/v1/m", StringComparison.Ordinal) ? ",\"contents\":[{\"parts\":[{\"text\":\"a\"}]}]" : ",\"max_tokens\":5,\"messages\":[{\"role\":\"user\",\"content\":\"a\"}]", "", StringComparison.Ordinal));

        Assert.Equal(status, (int)response.StatusCode);
        Assert.Contains(expected, body, StringComparison.Ordinal);
        Assert.DoesNotContain("canary", body, StringComparison.Ordinal);
    }

    private sealed class ConcurrentTags
    {
        private readonly StringBuilder _text = new();

        public string Text
        {
            get
            {
                lock (_text)
                {
                    return _text.ToString();
                }
            }
        }

        public void Add(Activity activity)
        {
            lock (_text)
            {
                _text.Append(activity.DisplayName).AppendJoin(' ', activity.TagObjects.Select(tag => $"{tag.Key}={tag.Value}")).Append('\n');
            }
        }
    }
}
