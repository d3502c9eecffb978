using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>What one protocol has and another has not: refused by name, since an answer to half a request would be wrong in silence.</summary>
internal static class NotExpressible
{
    public const string Type = "unsupported-by-provider";

    /// <param name="protocol">The protocol that cannot say it; null where no other one can.</param>
    /// <param name="field">The field of the request, as a path.</param>
    /// <param name="what">What it is, for people.</param>
    public static ProblemException In(Protocol? protocol, string field, string what) => new(Type, StatusCodes.Status400BadRequest,
        $"'{field}' cannot be passed on: {what} cannot be said {(protocol is { } name ? $"in the protocol of this model's provider ({name})" : "to a provider that speaks another protocol")}.")
    { Field = field };
}
