using System.Buffers;
using System.IO.Pipelines;

namespace CodeAgent.Api.Events;

/// <summary>Writes to watchers, who may be slow, or gone without a word.</summary>
internal static class StreamWriting
{
    /// <summary>Writes the pieces, each whole, and waits until the client has taken enough of what was written.</summary>
    /// <param name="body">The answer's body.</param>
    /// <param name="pieces">What is written.</param>
    /// <param name="limit">How long the client may take in too little.</param>
    /// <param name="time">The clock.</param>
    /// <param name="cancellationToken">Stops waiting; what is written stays written.</param>
    /// <exception cref="TimeoutException">The client took in too little for too long.</exception>
    public static async Task WriteAsync(this PipeWriter body, IReadOnlyList<byte[]> pieces, TimeSpan limit, TimeProvider time, CancellationToken cancellationToken)
    {
        foreach (var piece in pieces)
        {
            body.Write(piece);
        }

        // The server has room for a little; from there on this waits for the client. Without a wait there is no need of a clock.
        var flush = body.FlushAsync(cancellationToken);
        if (!flush.IsCompletedSuccessfully)
        {
            await flush.AsTask().WaitAsync(limit, time, cancellationToken);
        }
    }
}
