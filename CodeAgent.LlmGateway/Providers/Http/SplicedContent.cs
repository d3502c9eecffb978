using System.Net;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>
/// A request's body in pieces, sent as they are. The client may go on reading them a little after a request was canceled, or
/// answered early; the origin is told, since the memory is its.
/// </summary>
internal sealed class SplicedContent : HttpContent
{
    private readonly UpstreamRequest _request;

    public SplicedContent(UpstreamRequest request)
    {
        _request = request;
        Headers.ContentType = new("application/json");
    }

    protected override Task SerializeToStreamAsync(Stream stream, TransportContext? context) =>
        SerializeToStreamAsync(stream, context, CancellationToken.None);

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context, CancellationToken cancellationToken)
    {
        _request.Origin.Sending();
        try
        {
            foreach (var piece in _request.Body)
            {
                await stream.WriteAsync(piece, cancellationToken);
            }
        }
        finally
        {
            _request.Origin.Sent();
        }
    }

    protected override bool TryComputeLength(out long length)
    {
        length = _request.Body.Sum(piece => (long)piece.Length);
        return true;
    }
}
