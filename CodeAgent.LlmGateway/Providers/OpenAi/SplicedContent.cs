using System.Net;

namespace CodeAgent.LlmGateway.Providers.OpenAi;

/// <summary>A request's body in pieces, sent as they are.</summary>
internal sealed class SplicedContent : HttpContent
{
    private readonly ReadOnlyMemory<byte>[] _pieces;
    private int _readers;

    public SplicedContent(ReadOnlyMemory<byte>[] pieces)
    {
        _pieces = pieces;
        Headers.ContentType = new("application/json");
    }

    /// <summary>Whether the client is still reading the pieces: it may go on a little after a request was canceled, or answered early.</summary>
    public bool IsBeingSent => Volatile.Read(ref _readers) > 0;

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        Interlocked.Increment(ref _readers);
        try
        {
            foreach (var piece in _pieces)
            {
                await stream.WriteAsync(piece, cancellationToken);
            }
        }
        finally
        {
            Interlocked.Decrement(ref _readers);
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _pieces.Sum(piece => (long)piece.Length);
        return true;
    }
}
