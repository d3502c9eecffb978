namespace CodeAgent.LlmGateway.Cache;

/// <summary>What a request has to do with the cache; only for those that want something of it.</summary>
internal sealed class CacheTicket(string key, CacheWish wish, TimeSpan ttl, int maxAnswerBytes, TimeProvider time)
{
    public string Key { get; } = key;

    public CacheWish Wish { get; } = wish;

    public TimeSpan Ttl { get; } = ttl;

    /// <summary>Longer answers are not kept.</summary>
    public int MaxAnswerBytes { get; } = maxAnswerBytes;

    /// <summary>The answer that is to be kept, once it is there as a whole.</summary>
    public CachedAnswer? Answer { get; private set; }

    /// <summary>An answer was given to its end.</summary>
    public void Answered(int status, string contentType, ReadOnlyMemory<byte> body)
    {
        if (status == StatusCodes.Status200OK && body.Length <= MaxAnswerBytes)
        {
            Answer = new(time.GetUtcNow(), contentType, body.ToArray());
        }
    }
}
