namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>How long a caller waits for Redis. The gateway has it from the section <c>Redis</c> of its settings; elsewhere it is left out.</summary>
public sealed class RedisPatienceOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Redis";

    /// <summary>
    /// How long Redis may take to answer before the caller is told 503, above 0 and at most 4.5 s; where it is known to be away
    /// nobody waits at all. The client's own patience (5 s) where it is left out.
    /// </summary>
    public TimeSpan? AnswerWithin { get; set; }
}
