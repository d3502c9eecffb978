using System.Collections.Concurrent;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Tests.Pains;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.LlmGateway.Tests.Chaos;

public sealed class ChaosTests(GarnetFixture redis)
{
    private const int Seed = 20261122;
    private const int AtOnce = 12;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private static readonly Fault[] Certain = [Fault.None, Fault.HugeChunk, Fault.Status429, Fault.Status500, Fault.Status529, Fault.ErrorWithin];

    private readonly string _model = $"chaos-{Guid.NewGuid():N}";

    private Task<GatewayHost> GatewayAsync(ChaosUpstream upstream) => GatewayHost.StartAsync(redis.ConnectionString, $$"""
        providers:
          mad: { kind: openai, protocols: [chat, messages, responses, gemini], baseUrl: "{{upstream.BaseUrl}}", maxRetries: 1, firstTokenTimeout: 5s, answerTimeout: 5s,
                 silenceTimeout: 3s, breaker: { failures: 1000, atLeast: 100000 } }
        models:
          {{_model}}: { provider: mad }
        default: [{{_model}}]
        """);

    /// <summary>Each fault in each protocol, plain and streamed, several times, in an order that is always the same.</summary>
    private static List<(Fault Fault, string Protocol, bool IsStream)> Requests(Fault[] faults, int times)
    {
        var random = new Random(Seed);
        return [.. Enumerable.Repeat(0, times).SelectMany(_ => faults.SelectMany(fault =>
            new[] { "chat", "messages", "responses", "gemini" }.SelectMany(protocol => new[] { false, true }.Select(isStream => (fault, protocol, isStream)))))
            .OrderBy(_ => random.Next())];
    }

    private HttpRequestMessage Request(Fault fault, string protocol, bool isStream)
    {
        var (path, body) = protocol switch
        {
            "chat" => ("/v1/chat/completions", $$"""{"model":"{{_model}}","stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"fault:{{fault}}"}]}"""),
            "messages" => ("/v1/messages", $$"""{"model":"{{_model}}","max_tokens":100,"stream":{{(isStream ? "true" : "false")}},"messages":[{"role":"user","content":"fault:{{fault}}"}]}"""),
            "responses" => ("/v1/responses", $$"""{"model":"{{_model}}","stream":{{(isStream ? "true" : "false")}},"input":"fault:{{fault}}"}"""),
            _ => ($"/v1beta/models/{_model}:{(isStream ? "streamGenerateContent?alt=sse" : "generateContent")}", $$"""{"contents":[{"role":"user","parts":[{"text":"fault:{{fault}}"}]}]}"""),
        };
        return new(HttpMethod.Post, path) { Content = new StringContent(body, Encoding.UTF8, "application/json") };
    }

    /// <summary>Asks for all of it; each has come to an end, whichever, within the limit.</summary>
    private async Task<ConcurrentBag<(Fault Fault, string Protocol, bool IsStream, bool IsSuccess, string Text)>> RunAsync(HttpClient client, List<(Fault, string, bool)> requests)
    {
        ConcurrentBag<(Fault, string, bool, bool, string)> results = [];
        await Parallel.ForEachAsync(requests, new ParallelOptions { MaxDegreeOfParallelism = AtOnce, CancellationToken = TestContext.Current.CancellationToken }, async (one, stop) =>
        {
            var (fault, protocol, isStream) = one;
            using var request = Request(fault, protocol, isStream);
            var path = request.RequestUri!.ToString();
            using var limit = CancellationTokenSource.CreateLinkedTokenSource(stop);
            limit.CancelAfter(Limit);
            using var seen = new MemoryStream();
            var (isSuccess, broke) = (false, "");
            try
            {
                using var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, limit.Token);
                isSuccess = response.IsSuccessStatusCode;
                await response.Content.CopyToAsync(seen, limit.Token);
            }
            catch (HttpRequestException e)
            {
                (isSuccess, broke) = (false, e.Message);
            }

            var text = Encoding.UTF8.GetString(seen.ToArray());
            isSuccess &= isStream ? text.Contains(VendorAnswers.End(path), StringComparison.Ordinal) && !text.Contains("\"error\"", StringComparison.Ordinal) : IsWhole(text);
            results.Add((fault, protocol, isStream, isSuccess, text.Length > 2000 ? text[..2000] : text + broke));
        });
        return results;
    }

    private static bool IsWhole(string text)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            return !json.RootElement.TryGetProperty("error", out var error) || error.ValueKind == JsonValueKind.Null;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    [Fact]
    public async Task No_request_hangs_and_no_failure_looks_like_a_success()
    {
        await using var upstream = new ChaosUpstream();
        await using var gateway = await GatewayAsync(upstream);
        using var client = gateway.Client();
        client.Timeout = Timeout.InfiniteTimeSpan;
        var requests = Requests(Enum.GetValues<Fault>(), 2);

        var results = await RunAsync(client, requests);

        Assert.Equal(requests.Count, results.Count);
        Assert.All(results, result => Assert.True(
            result.Fault is Fault.InvalidUtf8 || result.IsSuccess == result.Fault is Fault.None or Fault.HugeChunk,
            $"{result.Fault} {result.Protocol} {(result.IsStream ? "stream" : "plain")}: {(result.IsSuccess ? "success" : "failure")}\n{result.Text}"));

        // What is not known to the token is booked as an estimate, so that the books are never below what was billed.
        await Eventually.TrueAsync(async () => await Books.OfModelAsync(client, _model) is { } row && row["requests"] == requests.Count,
            TimeSpan.FromSeconds(20), "every request is in the books");
        var row = (await Books.OfModelAsync(client, _model))!;
        Assert.True(row["inputTokens"] + row["outputTokens"] >= upstream.Billed, $"{row.Json} {upstream.Billed}");
        Assert.True(row["estimated"] > 0);
    }

    [Fact]
    public async Task The_books_are_what_was_billed_to_the_token()
    {
        await using var upstream = new ChaosUpstream();
        await using var gateway = await GatewayAsync(upstream);
        using var client = gateway.Client();
        client.Timeout = Timeout.InfiniteTimeSpan;
        var requests = Requests(Certain, 6);

        await RunAsync(client, requests);

        await Eventually.TrueAsync(async () => await Books.OfModelAsync(client, _model) is { } row && row["requests"] == requests.Count,
            TimeSpan.FromSeconds(20), "every request is in the books");
        var row = (await Books.OfModelAsync(client, _model))!;
        Assert.Equal(upstream.Billed, row["inputTokens"] + row["outputTokens"]);
        Assert.Equal(0, row["estimated"]);
        Assert.Equal(requests.Count(request => request.Fault is not (Fault.None or Fault.HugeChunk)), row["errors"]);
        Assert.True(upstream.Requests > requests.Count, "some were asked again");
    }
}
