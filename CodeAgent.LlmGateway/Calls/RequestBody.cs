using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.LlmGateway.Calls;

internal static class RequestBody
{
    private const int Smallest = 16 * 1024;

    // Beyond this an announcement is only believed as far as bytes come.
    private const int MostAnnounced = 1024 * 1024;

    /// <summary>Reads a request's body into borrowed memory.</summary>
    /// <param name="request">The request.</param>
    /// <param name="limit">Longest body that is read, in bytes.</param>
    /// <exception cref="ProblemException">413: it is longer; 415: it is compressed.</exception>
    public static async Task<PooledBuffer> ReadAsync(HttpRequest request, int limit)
    {
        if (request.Headers.ContentEncoding.ToString() is { Length: > 0 } encoding && !encoding.Equals("identity", StringComparison.OrdinalIgnoreCase))
        {
            throw new ProblemException("unsupported-content-encoding", StatusCodes.Status415UnsupportedMediaType,
                $"The body is sent as '{encoding}'; only plain bodies are read here.")
            { Field = "Content-Encoding" };
        }

        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // The limit is checked here, so that it can be explained.
            size.MaxRequestBodySize = null;
        }

        var body = new PooledBuffer(Smallest);
        try
        {
            while (await request.Body.ReadAsync(body.Free(), request.HttpContext.RequestAborted) is var read and > 0)
            {
                if (body.Length == 0 && request.ContentLength is { } announced)
                {
                    // Announcing costs a caller nothing, so there is memory only once it has begun to send. One byte more, so that
                    // the end is seen without growing.
                    body.Advance(read);
                    body.Expect((int)Math.Min(announced + 1, MostAnnounced));
                }
                else
                {
                    body.Advance(read);
                }

                if (body.Length > limit)
                {
                    throw TooLarge(limit);
                }
            }

            return body;
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    private static ProblemException TooLarge(int limit) => new("content-too-large", StatusCodes.Status413PayloadTooLarge,
        $"The body is longer than the {limit:N0} bytes that are read here (maxRequestBytes in gateway.yaml).");
}
