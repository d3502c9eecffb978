namespace CodeAgent.LlmGateway.Cache;

/// <summary>A whole answer with status 200, as it went to a caller.</summary>
/// <param name="At">When it was given.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Body">All of its bytes; of a stream, with all its events.</param>
internal sealed record CachedAnswer(DateTimeOffset At, string ContentType, byte[] Body);
