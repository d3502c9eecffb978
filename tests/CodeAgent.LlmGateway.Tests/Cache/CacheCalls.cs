using CodeAgent.LlmGateway.Tests.Support;

namespace CodeAgent.LlmGateway.Tests.Cache;

/// <summary>Requests that say what they want of the cache.</summary>
internal static class CacheCalls
{
    public const string Header = "x-codeagent-cache";

    public static async Task<(HttpResponseMessage Response, string Body)> CachedAsync(this HttpClient client, string body, string? wish = "on", string? control = null, CancellationTokenSource? leaving = null)
    {
        using var request = ChatCalls.Request(body);
        if (wish is not null)
        {
            request.Headers.Add(Header, wish);
        }

        if (control is not null)
        {
            request.Headers.TryAddWithoutValidation("Cache-Control", control);
        }

        using var either = CancellationTokenSource.CreateLinkedTokenSource(leaving?.Token ?? default, TestContext.Current.CancellationToken);
        var response = await client.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
        return (response, await response.Content.ReadAsStringAsync(either.Token));
    }

    /// <summary>hit, miss, or null where the cache had nothing to do with it.</summary>
    public static string? Cache(this HttpResponseMessage response) => response.Headers.TryGetValues(Header, out var values) ? values.Single() : null;
}
