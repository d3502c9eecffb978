namespace CodeAgent.ServiceDefaults.Problems;

/// <summary>A refusal that goes to the client as RFC 9457 problem details.</summary>
/// <param name="type">The stable name of this kind of problem, in kebab case; <c>urn:codeagent:problem:</c> comes before it on the wire.</param>
/// <param name="status">The HTTP status, 400 to 599.</param>
/// <param name="detail">What is wrong with this request, and what would be right.</param>
public sealed class ProblemException(string type, int status, string detail) : Exception(detail)
{
    /// <summary>The stable name of this kind of problem.</summary>
    public string Type { get; } = type;

    /// <summary>The HTTP status.</summary>
    public int Status { get; } = status;

    /// <summary>The field of the request that is wrong, as a path such as <c>limits.minutes</c>.</summary>
    public string? Field { get; init; }

    /// <summary>When it is worth trying again; sent as <c>Retry-After</c>.</summary>
    public TimeSpan? RetryAfter { get; init; }
}
