using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>Several providers behind one model.</summary>
internal static class Upstreams
{
    public static string Yaml(string model, string rest, params (string Name, string BaseUrl, string Options)[] providers) => $$"""
        providers:
        {{string.Join('\n', providers.Select(p => $"  {p.Name}: {{ kind: openai, baseUrl: \"{p.BaseUrl}\"{(p.Options.Length > 0 ? ", " + p.Options : "")} }}"))}}
        models:
          mock-model: { {{model}} }
        default: [mock-model]
        {{rest}}
        """;

    public static string Deployments(params string[] entries) => $"deployments: [ {string.Join(", ", entries.Select(e => $"{{ {e} }}"))} ], pricing: {{ inputPerMillion: 2, outputPerMillion: 8 }}";

    /// <summary>Answers as the request asks: a stream, or as a whole.</summary>
    public static RequestDelegate Answers(string text) => async http =>
    {
        var isStream = await IsStreamAsync(http);
        http.Response.ContentType = isStream ? "text/event-stream" : "application/json";
        await http.Response.WriteAsync(
            isStream ? ChatCalls.Chunk(text) + ChatCalls.UsageChunk + ChatCalls.Done : ChatCalls.Answer.Replace("yes", text, StringComparison.Ordinal), http.RequestAborted);
    };

    public static RequestDelegate Fails(int status, string? retryAfter = null, string body = "{}") => http =>
    {
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        if (retryAfter is not null)
        {
            http.Response.Headers.RetryAfter = retryAfter;
        }

        return http.Response.WriteAsync(body);
    };

    /// <summary>Breaks the connection off after so much of an answer.</summary>
    public static RequestDelegate BreaksOff(string after) => async http =>
    {
        http.Response.ContentType = "text/event-stream";
        await http.Response.WriteAsync(after);
        await http.Response.Body.FlushAsync();
        throw new InvalidOperationException("The provider breaks down.");
    };

    private static Task<bool> IsStreamAsync(HttpContext http) => Task.FromResult(http.Items.TryGetValue(MockUpstream.BodyItem, out var body)
        && ((byte[])body!).AsSpan().IndexOf("\"stream\":true"u8) >= 0);
}
