using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>What the kinds of providers have in common, and what each has of its own.</summary>
internal static class ProviderKinds
{
    private static readonly Protocol[] All = Enum.GetValues<Protocol>();

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

    /// <summary>The path below the provider's address.</summary>
    public static string Path(UpstreamRequest request) => (request.Protocol, request.Operation) switch
    {
        (Protocol.Chat, Operation.Embed) => "/embeddings",
        (Protocol.Chat, _) => "/chat/completions",
        (Protocol.Responses, _) => "/responses",
        (Protocol.Messages, Operation.CountTokens) => "/messages/count_tokens",
        (Protocol.Messages, _) => "/messages",
        (Protocol.Gemini, Operation.CountTokens) => $"/models/{request.Model}:countTokens",
        (Protocol.Gemini, Operation.Embed) => $"/models/{request.Model}:embedContent",
        (Protocol.Gemini, _) => request.IsStream ? $"/models/{request.Model}:streamGenerateContent?alt=sse" : $"/models/{request.Model}:generateContent",
        _ => throw new InvalidOperationException($"No path for {request.Protocol}."),
    };

    /// <summary>The header that carries the provider's key.</summary>
    public static (string Name, string Value) KeyHeader(this ProviderConfig provider, string key) => provider.Kind switch
    {
        ProviderKind.Anthropic => ("x-api-key", key),
        ProviderKind.Gemini => ("x-goog-api-key", key),
        ProviderKind.Azure => ("api-key", key),
        _ => ("Authorization", $"Bearer {key}"),
    };
}
