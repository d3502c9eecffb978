namespace CodeAgent.LlmGateway.Protocols;

/// <summary>An error on its way to a caller, in no protocol's form yet.</summary>
/// <param name="Status">The HTTP status that it has, or would have where it comes in the middle of a stream.</param>
/// <param name="Code">Stable name of the reason, such as <c>rate_limit_exceeded</c>.</param>
/// <param name="Message">What is wrong, for people; without secrets.</param>
/// <param name="Field">The field of the request that is wrong.</param>
internal sealed record GatewayError(int Status, string Code, string Message, string? Field = null)
{
    /// <summary>The provider's own name of the kind of error, where it gave one in a form that the protocols share.</summary>
    public string? Type { get; init; }
}
