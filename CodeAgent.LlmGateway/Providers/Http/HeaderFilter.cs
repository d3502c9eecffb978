using System.Net.Http.Headers;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>The headers that go through. Only those that are named here do: a new header of a provider may hold anything.</summary>
internal static class HeaderFilter
{
    private static readonly string[] Request = ["anthropic-beta", "anthropic-version", "openai-beta"];

    private static readonly HashSet<string> Response = new(StringComparer.OrdinalIgnoreCase)
    {
        "openai-processing-ms", "openai-version", "request-id", "retry-after", "retry-after-ms", "x-request-id", "x-should-retry",
    };

    private static readonly string[] ResponsePrefixes = ["anthropic-ratelimit-", "x-ratelimit-"];

    public static List<KeyValuePair<string, string>> FromCaller(IHeaderDictionary headers)
    {
        List<KeyValuePair<string, string>> passed = [];
        foreach (var name in Request)
        {
            if (headers.TryGetValue(name, out var value))
            {
                passed.Add(new(name, value.ToString()));
            }
        }

        return passed;
    }

    /// <summary>The caller's query as it may go on: Google's clients may have the key in it.</summary>
    public static QueryString WithoutKey(QueryString query)
    {
        if (!query.HasValue)
        {
            return query;
        }

        var passed = QueryString.Empty;
        foreach (var pair in new Microsoft.AspNetCore.WebUtilities.QueryStringEnumerable(query.Value))
        {
            var name = pair.DecodeName().ToString();
            if (!name.Contains("key", StringComparison.OrdinalIgnoreCase) && !name.Contains("token", StringComparison.OrdinalIgnoreCase))
            {
                passed = passed.Add(name, pair.DecodeValue().ToString());
            }
        }

        return passed;
    }

    /// <param name="response">The provider's answer.</param>
    /// <param name="secrets">What nobody may be told; a header that repeats it stays here.</param>
    public static List<KeyValuePair<string, string>> FromProvider(HttpResponseMessage response, ProviderSecrets secrets)
    {
        List<KeyValuePair<string, string>> passed = [];
        Collect(response.Headers);
        Collect(response.Content.Headers);
        return passed;

        void Collect(HttpHeaders headers)
        {
            foreach (var (name, values) in headers.NonValidated)
            {
                var value = values.ToString();
                if (Passes(name) && !secrets.IsIn(value))
                {
                    passed.Add(new(name, value));
                }
            }
        }
    }

    private static bool Passes(string name)
    {
        if (Response.Contains(name))
        {
            return true;
        }

        foreach (var prefix in ResponsePrefixes)
        {
            if (name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase))
            {
                return true;
            }
        }

        return false;
    }
}
