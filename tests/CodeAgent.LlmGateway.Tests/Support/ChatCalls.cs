using System.Text;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>Requests for chat completions.</summary>
internal static class ChatCalls
{
    public const string Plain = """{"model":"mock-model","messages":[{"role":"user","content":"hi"}]}""";
    public const string Streamed = """{"model":"mock-model","stream":true,"messages":[{"role":"user","content":"hi"}]}""";
    public const string Answer = """{"id":"x","model":"answering-model","choices":[{"index":0,"message":{"role":"assistant","content":"yes"},"finish_reason":"stop"}],"usage":{"prompt_tokens":11,"completion_tokens":5,"prompt_tokens_details":{"cached_tokens":3}}}""";

    public static string Chunk(string text) => $$$"""data: {"id":"x","model":"answering-model","choices":[{"index":0,"delta":{"content":"{{{text}}}"}}]}""" + "\n\n";

    public static string UsageChunk { get; } = """data: {"id":"x","model":"answering-model","choices":[],"usage":{"prompt_tokens":11,"completion_tokens":5}}""" + "\n\n";

    public const string Done = "data: [DONE]\n\n";

    public static HttpRequestMessage Request(string body, string? idempotencyKey = null)
    {
        var request = new HttpRequestMessage(HttpMethod.Post, "/v1/chat/completions") { Content = new StringContent(body, Encoding.UTF8, "application/json") };
        if (idempotencyKey is not null)
        {
            request.Headers.Add("Idempotency-Key", idempotencyKey);
        }

        return request;
    }

    /// <summary>Asks, and returns as soon as the answer begins.</summary>
    public static Task<HttpResponseMessage> BeginAsync(this HttpClient client, string body, string? idempotencyKey = null, CancellationToken cancellationToken = default) =>
        client.SendAsync(Request(body, idempotencyKey), HttpCompletionOption.ResponseHeadersRead, cancellationToken);

    /// <summary>Asks, and returns the whole answer.</summary>
    public static async Task<(HttpResponseMessage Response, string Body)> AskAsync(this HttpClient client, string body, string? idempotencyKey = null)
    {
        var response = await client.BeginAsync(body, idempotencyKey, TestContext.Current.CancellationToken);
        return (response, await response.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
