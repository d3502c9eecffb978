using CodeAgent.LlmGateway.Calls;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>What one protocol can say and another cannot: a refusal that names the field, never a field left out in silence.</summary>
internal static class NotExpressible
{
    public const string Type = "unsupported-by-provider";

    /// <summary>A part of a conversation that <paramref name="protocol"/> has no words for.</summary>
    /// <param name="protocol">The protocol that the provider is asked in.</param>
    /// <param name="field">The field of the request.</param>
    /// <param name="what">What it has no words for, such as <c>stop sequences</c>.</param>
    public static ProblemException In(Protocol protocol, string field, string what) => new(Type, StatusCodes.Status400BadRequest,
        $"'{field}': the provider of this model is asked in the protocol {protocol}, which has no {what}.")
    { Field = field };

    /// <summary>A field that only a provider of the caller's own protocol could understand.</summary>
    /// <param name="field">The field of the request.</param>
    /// <param name="why">What can be done about it, or why it is so; a whole sentence.</param>
    public static ProblemException Of(string field, string? why = null) => new(Type, StatusCodes.Status400BadRequest,
        $"'{field}' cannot be passed on: the provider of this model speaks another protocol than this request.{(why is null ? "" : $" {why}")}")
    { Field = field };

    /// <summary>Only answers are translated, neither embeddings nor counts of tokens.</summary>
    public static void UnlessGenerated(ModelRequest request)
    {
        if (request.Operation != Operation.Generate)
        {
            throw Of("model", "Only answers can be translated: choose a model whose provider speaks the protocol of this request.");
        }
    }
}
