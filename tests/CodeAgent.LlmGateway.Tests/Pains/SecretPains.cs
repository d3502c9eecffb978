using System.Diagnostics;
using System.Diagnostics.Metrics;
using System.Net.Http.Json;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.LlmGateway.Tests.Pains;

public sealed partial class SecretPains(GarnetFixture redis) : IAsyncLifetime
{
    private static readonly string[] Protocols = ["chat", "responses", "messages", "gemini"];
    private readonly string _providerKey = Canary("provider-key");
    private readonly string _header = Canary("header");
    private readonly string _query = Canary("query");
    private readonly string _wrongKey = Canary("wrong-key");
    private readonly string _prompt = Canary("prompt");
    private readonly string _answer = Canary("answer");
    private readonly HashSet<int> _statuses = [];
    private readonly Outlets _out = new();
    private MockUpstream _upstream = null!;

    private static readonly (string Protocol, bool IsStream)[] Ways = [.. Protocols.SelectMany(protocol => ((string, bool)[])[(protocol, false), (protocol, true)])];

    private static string Own(string model, int behaviour, (string Protocol, bool IsStream) way) => $"{model}-{behaviour}-{way.Protocol}-{way.IsStream}";

    private static string Canary(string name) => $"canary-{name}-{Guid.NewGuid():N}";

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    /// <summary>What the provider repeats wherever it can.</summary>
    private string Told => $"{_answer} Bearer {_providerKey}, {_header}, {_query}";

    public async ValueTask InitializeAsync() => _upstream = await MockUpstream.StartAsync();

    public async ValueTask DisposeAsync()
    {
        _out.Dispose();
        await _upstream.DisposeAsync();
    }

    private Task<GatewayHost> GatewayAsync(string connection)
    {
        var provider = $$"""kind: openai, apiKey: "${MOCK_KEY}", headers: { x-team: "Team ${TEAM}" }, query: { sig: "${SIG}" }, maxRetries: 0, firstTokenTimeout: 500ms, answerTimeout: 500ms, silenceTimeout: 500ms, breaker: { failures: 1000, ratio: 1, atLeast: 100000 }""";

        // A deployment that has refused the key or told when to come back rests: each request of a behaviour has its own.
        var own = from behaviour in Behaviours().Index()
                  from way in Ways
                  from name in (string[])["passed", "translated"]
                  let model = Own(name, behaviour.Index, way)
                  select $"  {model}: {{ provider: {(name == "passed" ? "mock" : "chat")}, model: {model} }}";
        return GatewayHost.StartAsync(connection, $$"""
            providers:
              mock: { {{provider}}, baseUrl: "{{_upstream.BaseUrl}}", protocols: [chat, responses, messages, gemini] }
              chat: { {{provider}}, baseUrl: "{{_upstream.BaseUrl}}" }
              absent: { {{provider}}, baseUrl: "http://127.0.0.1:{{FreePort.Next()}}/v1", protocols: [chat, responses, messages, gemini] }
            models:
            {{string.Join('\n', own)}}
              passed: { provider: mock, model: m }
              translated: { provider: chat, model: m }
              absent: { provider: absent, model: m }
            default: [passed]
            """,
            ("MOCK_KEY", _providerKey), ("TEAM", _header), ("SIG", _query),
            ("Logging:LogLevel:Default", "Trace"), ("Logging:LogLevel:Microsoft.AspNetCore", "Trace"), ("Logging:LogLevel:System.Net.Http", "Trace"), ("Logging:LogLevel:Polly", "Trace"));
    }

    /// <summary>Every way in which a provider can answer or fail, with its secrets in all that it says.</summary>
    private IEnumerable<RequestDelegate> Behaviours()
    {
        yield return async http =>
        {
            Headers(http, 200);
            await http.Response.WriteAsync(TellingUpstream.IsStream(http) ? TellingUpstream.Begin(http, Told) + TellingUpstream.End(http, Told) : TellingUpstream.Answer(http, Told));
        };
        yield return async http =>
        {
            // Cut within each of them.
            Headers(http, 200);
            foreach (var piece in (TellingUpstream.IsStream(http) ? TellingUpstream.Begin(http, Told) + TellingUpstream.End(http, Told) : TellingUpstream.Answer(http, Told)).Chunk(17))
            {
                await http.Response.WriteAsync(new string(piece));
                await http.Response.Body.FlushAsync();
            }
        };
        foreach (var status in (int[])[400, 401, 403, 404, 413, 429, 500, 503, 529])
        {
            yield return http =>
            {
                Headers(http, status);
                return http.Response.WriteAsync(TellingUpstream.Error(http, Told));
            };
            yield return http =>
            {
                Headers(http, status);
                return http.Response.WriteAsync($"<p>{Told}</p>");
            };
        }

        // An error of status 200: at once, and after some content.
        yield return http =>
        {
            Headers(http, 200);
            return http.Response.WriteAsync(TellingUpstream.IsStream(http) ? TellingUpstream.ErrorEvent(http, Told) : TellingUpstream.Error(http, Told));
        };
        yield return async http =>
        {
            Headers(http, 200);
            await http.Response.WriteAsync(TellingUpstream.Begin(http, Told));
            await http.Response.Body.FlushAsync();
            await http.Response.WriteAsync(TellingUpstream.ErrorEvent(http, Told));
        };

        // Resets: before the answer, and in the middle; and an end that is none.
        yield return http =>
        {
            http.Abort();
            return Task.CompletedTask;
        };
        yield return async http =>
        {
            Headers(http, 200);
            await http.Response.WriteAsync(TellingUpstream.Begin(http, Told));
            await http.Response.Body.FlushAsync();
            await Task.Delay(50);
            http.Abort();
        };
        yield return http =>
        {
            Headers(http, 200);
            return http.Response.WriteAsync(TellingUpstream.Begin(http, Told)[..^40]);
        };

        // Silence: before the answer, and in the middle.
        yield return http => Task.Delay(Timeout.Infinite, http.RequestAborted);
        yield return async http =>
        {
            Headers(http, 200);
            await http.Response.WriteAsync(TellingUpstream.Begin(http, Told));
            await http.Response.Body.FlushAsync();
            await Task.Delay(Timeout.Infinite, http.RequestAborted);
        };
    }

    private void Headers(HttpContext http, int status)
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = TellingUpstream.IsStream(http) && status == 200 ? "text/event-stream" : "application/json";
        foreach (var name in (string[])["x-request-id", "request-id", "openai-version", "x-ratelimit-limit-requests", "anthropic-ratelimit-x", "retry-after", "x-should-retry", "x-other", "Location", "Set-Cookie"])
        {
            http.Response.Headers[name] = Told;
        }
    }

    private HttpRequestMessage Request(string protocol, string model, bool isStream, string secret, bool inQuery = false)
    {
        var stream = isStream ? "true" : "false";
        var (path, body) = protocol switch
        {
            "chat" => ("/v1/chat/completions", $$"""{"model":"{{model}}","stream":{{stream}},"messages":[{"role":"user","content":"{{_prompt}}"}]}"""),
            "responses" => ("/v1/responses", $$"""{"model":"{{model}}","stream":{{stream}},"store":false,"input":"{{_prompt}}"}"""),
            "messages" => ("/v1/messages", $$"""{"model":"{{model}}","stream":{{stream}},"max_tokens":100,"messages":[{"role":"user","content":"{{_prompt}}"}]}"""),
            _ => ($"/v1beta/models/{model}:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent?")}", $$"""{"contents":[{"role":"user","parts":[{"text":"{{_prompt}}"}]}]}"""),
        };
        var request = new HttpRequestMessage(HttpMethod.Post, path + (inQuery ? $"{(path.Contains('?', StringComparison.Ordinal) ? "&" : "?")}key={secret}" : "")) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (!inQuery)
        {
            var (name, value) = protocol switch { "messages" => ("x-api-key", secret), "gemini" => ("x-goog-api-key", secret), "responses" => ("api-key", secret), _ => ("Authorization", $"Bearer {secret}") };
            request.Headers.TryAddWithoutValidation(name, value);
        }

        return request;
    }

    private async Task SendAsync(HttpClient client, HttpRequestMessage request, string place = "answer")
    {
        using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
        var text = new StringBuilder($"{response.StatusCode} {response.ReasonPhrase} {response.Headers} {response.Content.Headers} ");
        lock (_statuses)
        {
            _statuses.Add((int)response.StatusCode);
        }

        try
        {
            using var reader = new StreamReader(await response.Content.ReadAsStreamAsync(Stop));
            var buffer = new char[8192];
            while (await reader.ReadAsync(buffer, Stop) is var read and > 0)
            {
                text.Append(buffer, 0, read);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // It broke off, as it should; what came until then counts.
        }

        _out.Add(place, text.ToString());
        request.Dispose();
    }

    private Task EveryWayAsync(HttpClient client, string model, string secret) => Task.WhenAll(
        Ways.Select(way => SendAsync(client, Request(way.Protocol, model, way.IsStream, secret))));

    [Fact]
    public async Task Pain_17_no_secret_comes_out_anywhere_and_nothing_that_was_said_is_in_telemetry()
    {
        await using var gateway = await GatewayAsync(redis.ConnectionString);
        using var client = gateway.Client(null);
        using var admin = gateway.Client();
        var made = (await (await admin.PostAsJsonAsync("/admin/keys", new { name = "canary" }, Stop)).Content.ReadFromJsonAsync<JsonElement>(Stop));
        var (key, id) = (made.GetProperty("secret").GetString()!, made.GetProperty("key").GetProperty("id").GetString()!);
        var (_, poor) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerDay = 1 });
        var (task, token) = await Tasks.LeaseAsync(redis.Client);

        // What providers do.
        foreach (var (index, behaviour) in Behaviours().Index())
        {
            var before = _upstream.Requests.Count;
            _upstream.Chat = behaviour;
            await Task.WhenAll(Ways.SelectMany(way => (Task[])[
                SendAsync(client, Request(way.Protocol, Own("passed", index, way), way.IsStream, key)),
                SendAsync(client, Request(way.Protocol, Own("translated", index, way), way.IsStream, token))]));
            Assert.Equal(2 * Ways.Length, _upstream.Requests.Count - before);
        }

        await EveryWayAsync(client, "absent", key);

        // What callers do: keys in the address, wrong and revoked ones, requests that are none, limits, turns again.
        _upstream.Chat = Behaviours().First();
        foreach (var secret in (string[])[key, token, _wrongKey])
        {
            await Task.WhenAll(Protocols.Select(protocol => SendAsync(client, Request(protocol, "passed", true, secret, inQuery: true))));
            await EveryWayAsync(client, "no-such-model", secret);
            foreach (var protocol in Protocols)
            {
                var bad = Request(protocol, "passed", false, secret);
                bad.Content = new StringContent($$"""{"model":"passed","{{_prompt}}":""", Encoding.UTF8, "application/json");
                await SendAsync(client, bad);
            }
        }

        await EveryWayAsync(client, "passed", poor);
        foreach (var secret in (string[])[key, token])
        {
            foreach (var ((protocol, isStream), prompt) in from way in Ways from prompt in (string[])["", "", "other"] select (way, prompt))
            {
                var turn = Request(protocol, "passed", isStream, secret);
                turn.Headers.Add("Idempotency-Key", $"{id}-{protocol}-{isStream}");
                turn.Content = new StringContent((await turn.Content!.ReadAsStringAsync(Stop)).Replace(_prompt, _prompt + prompt, StringComparison.Ordinal), Encoding.UTF8, "application/json");
                await SendAsync(client, turn);
            }
        }

        foreach (var path in (string[])["routes", "keys", "usage?by=key", "usage?by=model", "usage?by=task", $"turns?task={task}"])
        {
            await SendAsync(admin, new(HttpMethod.Get, "/admin/" + path), "admin");
        }

        await admin.DeleteAsync($"/admin/keys/{id}", Stop);
        await EveryWayAsync(client, "passed", key);
        await Tasks.EndAsync(redis.Client, task);
        await EveryWayAsync(client, "passed", token);
        await KeysAreAwayAsync(poor);

        _out.AddLogs(gateway.Logs);
        await _out.AddRedisAsync(redis.Client);

        Assert.Empty(((int[])[200, 400, 401, 403, 404, 413, 422, 429, 500, 502, 503, 504, 529]).Except(_statuses));
        Assert.All((string[])["answer", "admin", "log", "span", "metric", "redis"], place => Assert.True(_out.Count(place) > 5, $"{place}: {_out.Count(place)}"));
        Assert.NotEmpty(_out.Find([_answer], "log", "span", "metric", "redis", "admin"));
        Assert.NotEmpty(_out.Find(["Microsoft.AspNetCore.Routing"], "answer", "span", "metric", "redis", "admin"));

        string[] secrets = [_providerKey, _header, _query, _wrongKey, key, poor, token];
        Assert.Empty(_out.Find(secrets));

        // The parts of the bearer secrets that could be put together again.
        Assert.Empty(_out.Find([key[3..], poor[3..], token.Split('.')[2]]));

        // What was asked is nowhere; what was answered is with the caller, and kept for its turns.
        Assert.Empty(_out.Find([_prompt]));
        Assert.Empty(_out.Find([_answer], "answer", "redis"));
    }

    private async Task KeysAreAwayAsync(string key)
    {
        var store = new GarnetFixture();
        await store.InitializeAsync();
        await using var gateway = await GatewayAsync(store.ConnectionString + ",asyncTimeout=500,syncTimeout=500");
        using var client = gateway.Client(null);
        await store.DisposeAsync();
        await EveryWayAsync(client, "passed", key);
        await EveryWayAsync(client, "passed", GatewayHost.Key);
        _out.AddLogs(gateway.Logs);
    }

    [Fact]
    public async Task What_leaks_at_any_place_is_found()
    {
        await using var gateway = await GatewayAsync(redis.ConnectionString);
        var leak = Canary("leak");
        using var source = new ActivitySource("leaky");
        using var meter = new Meter("leaky");
        var log = gateway.Services.GetRequiredService<ILogger<SecretPains>>();

        using (log.BeginScope(new Dictionary<string, object> { ["scope"] = leak }))
        {
            LogScoped(log);
        }

        LogThrown(log, new InvalidOperationException(leak));
        LogState(log, leak);
        source.StartActivity("in the tag")?.SetTag("leak", leak).Stop();
        source.StartActivity("in the event")?.AddEvent(new("event", tags: new() { { "leak", leak } })).Stop();
        meter.CreateCounter<int>("counter").Add(1, new KeyValuePair<string, object?>("leak", leak));
        await redis.Client.GetDatabase().StringSetAsync("leak:" + leak, "in the key");
        await redis.Client.GetDatabase().HashSetAsync("leak", "in the value", leak);
        _out.Add("answer", leak);
        _out.AddLogs(gateway.Logs);
        await _out.AddRedisAsync(redis.Client);

        Assert.Equal(["answer 1", "log 3", "metric 1", "redis 2", "span 2"],
            _out.Find([leak]).GroupBy(found => found.Split(':')[0]).Select(place => $"{place.Key} {place.Count()}").Order(StringComparer.Ordinal));
    }

    [LoggerMessage(LogLevel.Trace, "in the scope")]
    private static partial void LogScoped(ILogger logger);

    [LoggerMessage(LogLevel.Trace, "in the exception")]
    private static partial void LogThrown(ILogger logger, Exception exception);

    [LoggerMessage(LogLevel.Trace, "in the state: {Leak}")]
    private static partial void LogState(ILogger logger, string leak);
}
