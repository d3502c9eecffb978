using System.Net;
using System.Text;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Turns;

/// <summary>Turns in the other protocols; the provider speaks chat completions, so that what is kept is what the caller got.</summary>
public sealed class TurnProtocolTests(GarnetFixture redis)
{
    public static TheoryData<string, bool> Forms { get; } = new()
    {
        { "responses", false }, { "responses", true }, { "messages", false }, { "messages", true }, { "gemini", false }, { "gemini", true },
    };

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_recorded_answer_is_replayed_after_a_restart_of_the_gateway(string protocol, bool isStream)
    {
        var key = Guid.NewGuid().ToString();
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = Upstreams.Answers("yes");
        string expected;
        await using (var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream))
        {
            using var client = gateway.Client();
            var (first, body) = await AskAsync(client, protocol, isStream, key);
            Assert.Equal((HttpStatusCode.OK, false), (first.StatusCode, Replayed(first)));
            Assert.Contains("yes", body, StringComparison.Ordinal);
            expected = body;
        }

        await using var restarted = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var again = restarted.Client();
        var (replayed, repeated) = await AskAsync(again, protocol, isStream, key);

        Assert.True(Replayed(replayed));
        Assert.Equal(isStream ? "text/event-stream" : "application/json", replayed.Content.Headers.ContentType?.MediaType);
        Assert.Equal(expected, repeated);
        Assert.Single(upstream.Requests);
    }

    [Theory]
    [MemberData(nameof(Forms))]
    public async Task A_key_in_flight_is_a_conflict_and_one_of_another_request_is_refused(string protocol, bool isStream)
    {
        var key = Guid.NewGuid().ToString();
        var (reached, go, answer) = (new TaskCompletionSource(), new TaskCompletionSource(), Upstreams.Answers("yes"));
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = async http =>
        {
            reached.TrySetResult();
            await go.Task.WaitAsync(http.RequestAborted);
            await answer(http);
        };
        await using var gateway = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        using var client = gateway.Client();

        var asking = AskAsync(client, protocol, isStream, key);
        await reached.Task.WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);
        var (meanwhile, _) = await AskAsync(client, protocol, isStream, key);
        go.SetResult();
        Assert.Equal(HttpStatusCode.OK, (await asking).Response.StatusCode);
        var (other, _) = await AskAsync(client, protocol, isStream, key, "something else");

        Assert.Equal(HttpStatusCode.Conflict, meanwhile.StatusCode);
        Assert.Equal(HttpStatusCode.UnprocessableEntity, other.StatusCode);
        Assert.Single(upstream.Requests);
    }

    private static bool Replayed(HttpResponseMessage response) => response.Headers.Contains("Idempotency-Replayed");

    private static async Task<(HttpResponseMessage Response, string Body)> AskAsync(HttpClient client, string protocol, bool isStream, string key, string text = "hi")
    {
        var stream = isStream ? "true" : "false";
        var (path, body) = protocol switch
        {
            "responses" => ("/v1/responses", $$"""{"model":"mock-model","stream":{{stream}},"input":"{{text}}"}"""),
            "messages" => ("/v1/messages", $$"""{"model":"mock-model","max_tokens":100,"stream":{{stream}},"messages":[{"role":"user","content":"{{text}}"}]}"""),
            _ => ($"/v1beta/models/mock-model:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}", $$"""{"contents":[{"role":"user","parts":[{"text":"{{text}}"}]}]}"""),
        };
        using var request = new HttpRequestMessage(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        request.Headers.Add("Idempotency-Key", key);
        var response = await client.SendAsync(request, TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
