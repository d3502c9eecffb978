using System.Buffers;
using System.Text;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>What the kinds of providers have in common, and what each has of its own.</summary>
internal static class ProviderKinds
{
    private const string AnthropicVersion = "2023-06-01";
    private static readonly Protocol[] All = Enum.GetValues<Protocol>();
    private static readonly SearchValues<char> Token = SearchValues.Create("!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ");

    /// <summary>The protocols that a provider speaks, the best first.</summary>
    public static IReadOnlyList<Protocol> Protocols(this ProviderConfig provider) => provider.Protocols.Count > 0 ? provider.Protocols : provider.Kind switch
    {
        ProviderKind.Anthropic => [Protocol.Messages],
        ProviderKind.Gemini => [Protocol.Gemini],
        ProviderKind.Azure => [Protocol.Chat, Protocol.Responses],
        ProviderKind.Simulator => All,
        _ => [Protocol.Chat],
    };

    /// <summary>The protocol to ask a provider in: the caller's own where it speaks that.</summary>
    public static Protocol ProtocolFor(this ProviderConfig provider, Protocol caller)
    {
        var spoken = provider.Protocols();
        return spoken.Contains(caller) ? caller : spoken[0];
    }

    /// <summary>A caller's request in the first of the provider's protocols that can express it.</summary>
    /// <exception cref="ProblemException">400: none of them can, or the request is not valid; said of the best one.</exception>
    public static UpstreamRequest Translate(this ProviderConfig provider, ModelRequest request, ProtocolSet protocols, string model)
    {
        var conversation = protocols[request.Protocol].Read(request);
        ProblemException? refusal = null;
        foreach (var protocol in provider.Protocols())
        {
            try
            {
                return new(request, protocol, model, [provider.Write(protocols[protocol], conversation, model)]);
            }
            catch (ProblemException e) when (e.Type == NotExpressible.Type)
            {
                refusal ??= e;
            }
        }

        throw refusal!;
    }

    /// <summary>Says a conversation to a provider.</summary>
    private static byte[] Write(this ProviderConfig provider, IProtocol protocol, Conversation conversation, string model) =>
        protocol.Write(protocol.Name == Protocol.Messages && provider.MaxOutputTokens is { } limit
            ? conversation with { MaxOutputTokens = conversation.MaxOutputTokens ?? Math.Max(limit, (conversation.Reasoning?.BudgetTokens ?? 0) + 1) }
            : conversation with { Dialect = Dialect.Of(provider) }, model);

    /// <summary>The path below the provider's address, with what comes after the question mark.</summary>
    public static string Path(UpstreamRequest request, ProviderConfig provider)
    {
        var path = new StringBuilder((request.Protocol, request.Operation) switch
        {
            (Protocol.Chat, Operation.Embed) => "/embeddings",
            (Protocol.Chat, _) => "/chat/completions",
            (Protocol.Responses, _) => "/responses",
            (Protocol.Messages, Operation.CountTokens) => "/messages/count_tokens",
            (Protocol.Messages, _) => "/messages",
            (Protocol.Gemini, Operation.CountTokens) => GeminiPath(request.Model, "countTokens"),
            (Protocol.Gemini, Operation.Embed) => GeminiPath(request.Model, request.Origin.IsBatch ? "batchEmbedContents" : "embedContent"),
            (Protocol.Gemini, _) => GeminiPath(request.Model, request.IsStream ? "streamGenerateContent" : "generateContent"),
            _ => throw new InvalidOperationException($"No path for {request.Protocol}."),
        });
        var mark = '?';
        if (request.Protocol == Protocol.Gemini && request.Operation == Operation.Generate && request.IsStream)
        {
            Add("alt", "sse");
        }

        foreach (var (name, value) in provider.Query)
        {
            Add(name, value.Reveal());
        }

        // What the caller asks in its own protocol goes on, such as ?beta=true; what is set here comes first.
        if (!request.IsTranslated && request.Origin.Query.HasValue)
        {
            foreach (var pair in new Microsoft.AspNetCore.WebUtilities.QueryStringEnumerable(request.Origin.Query.Value))
            {
                var name = pair.DecodeName().ToString();
                if (!provider.Query.ContainsKey(name) && !(request.Protocol == Protocol.Gemini && name == "alt"))
                {
                    Add(name, pair.DecodeValue().ToString());
                }
            }
        }

        return path.ToString();

        void Add(string name, string value)
        {
            path.Append(mark).Append(Uri.EscapeDataString(name)).Append('=').Append(Uri.EscapeDataString(value));
            mark = '&';
        }
    }

    /// <summary>Where a provider lists its models.</summary>
    public static string ListPath(ProviderConfig provider) =>
        provider.Query.Count == 0 ? "/models" : $"/models?{string.Join('&', provider.Query.Select(pair => $"{Uri.EscapeDataString(pair.Key)}={Uri.EscapeDataString(pair.Value.Reveal())}"))}";

    /// <summary>The headers of a request besides the key: the caller's own where it speaks the same protocol, and the provider's.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(UpstreamRequest request, ProviderConfig provider) =>
        Headers(request.Protocol, request.IsTranslated ? [] : request.Origin.Headers, provider);

    /// <summary>As above, where it is no request for a model.</summary>
    public static IEnumerable<KeyValuePair<string, string>> Headers(Protocol protocol, IReadOnlyList<KeyValuePair<string, string>> callers, ProviderConfig provider)
    {
        var hasVersion = false;
        foreach (var header in callers)
        {
            hasVersion |= header.Key.Equals("anthropic-version", StringComparison.OrdinalIgnoreCase);
            if (!provider.Headers.ContainsKey(header.Key))
            {
                yield return header;
            }
        }

        if (protocol == Protocol.Messages && !hasVersion && !provider.Headers.ContainsKey("anthropic-version"))
        {
            yield return new("anthropic-version", AnthropicVersion);
        }

        foreach (var (name, value) in provider.Headers)
        {
            yield return new(name, value.Reveal());
        }
    }

    /// <summary>The header that carries the provider's key.</summary>
    public static (string Name, string Value) KeyHeader(this ProviderConfig provider, string key) => provider.Kind switch
    {
        ProviderKind.Anthropic => ("x-api-key", key),
        ProviderKind.Gemini => ("x-goog-api-key", key),
        ProviderKind.Azure => ("api-key", key),
        _ => ("Authorization", $"Bearer {key}"),
    };

    /// <summary>Whether a configured header can be sent as it is.</summary>
    public static bool IsHeader(string name, string value) => name.Length > 0 && !name.AsSpan().ContainsAnyExcept(Token)
        && value.All(c => c is >= ' ' and <= '~' or '\t')
        && !name.StartsWith("content-", StringComparison.OrdinalIgnoreCase)
        && name.ToLowerInvariant() is not ("host" or "connection" or "transfer-encoding" or "upgrade" or "keep-alive" or "te" or "trailer" or "expect");

    // A model's name is the caller's, so none of its characters may mean anything in an address.
    private static string GeminiPath(string model, string what) => model.StartsWith("tunedModels/", StringComparison.Ordinal)
        ? $"/tunedModels/{Uri.EscapeDataString(model["tunedModels/".Length..])}:{what}"
        : $"/models/{Uri.EscapeDataString(model)}:{what}";
}
