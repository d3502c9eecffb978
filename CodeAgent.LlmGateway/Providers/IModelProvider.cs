using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>Answers requests for models.</summary>
internal interface IModelProvider
{
    /// <summary>Asks, and returns as soon as the answer begins.</summary>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">The provider cannot be reached, refuses the gateway's key, or does not begin in time.</exception>
    Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken);
}

/// <summary>An answer that has begun. Disposing of it ends it, whatever is still to come.</summary>
internal abstract class ProviderAnswer : IAsyncDisposable
{
    public required int Status { get; init; }

    public required string ContentType { get; init; }

    /// <summary>What else of the answer's headers goes on to the caller.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>How many bytes the body has, where that is known from the beginning.</summary>
    public long? Length { get; init; }

    /// <summary>Whether the bytes are compressed or otherwise not what <see cref="ContentType"/> says.</summary>
    public bool IsEncoded { get; init; }

    public bool IsStream => ContentType.StartsWith("text/event-stream", StringComparison.OrdinalIgnoreCase);

    /// <summary>The body, piece by piece as it comes. A piece is good until the next one is asked for.</summary>
    /// <exception cref="ProviderFailedException">The answer broke off, or went silent.</exception>
    public abstract IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync(CancellationToken cancellationToken);

    public abstract ValueTask DisposeAsync();
}

/// <summary>An answer that began and did not come to its end.</summary>
/// <param name="code">Stable name of the reason.</param>
/// <param name="message">What happened, for the caller.</param>
/// <param name="inner">What caused it.</param>
internal sealed class ProviderFailedException(string code, string message, Exception inner) : Exception(message, inner)
{
    public string Code { get; } = code;
}
