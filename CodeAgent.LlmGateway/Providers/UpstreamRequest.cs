using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>A request as a provider is to get it: in a protocol that it speaks, with its name for the model.</summary>
/// <param name="Origin">What the caller asked. Pieces of its body may be pieces of this one.</param>
/// <param name="Protocol">The protocol of <paramref name="Body"/>.</param>
/// <param name="Model">The model's name at the provider.</param>
/// <param name="Body">The body, in pieces.</param>
internal sealed record UpstreamRequest(ModelRequest Origin, Protocol Protocol, string Model, ReadOnlyMemory<byte>[] Body)
{
    public Operation Operation => Origin.Operation;

    public bool IsStream => Origin.IsStream;

    /// <summary>Whether it was translated, so that the caller's headers for its own protocol mean nothing to the provider.</summary>
    public bool IsTranslated => Protocol != Origin.Protocol;
}
