using System.Buffers;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.LlmGateway.Chat;

/// <summary>A request's body in memory that is borrowed from the pool: prompts are large, and each would be a large object.</summary>
internal sealed class PooledBody : IDisposable
{
    private const int Smallest = 16 * 1024;
    private byte[] _buffer;
    private int _length;

    private PooledBody(int capacity) => _buffer = ArrayPool<byte>.Shared.Rent(capacity);

    public ReadOnlyMemory<byte> Memory => _buffer.AsMemory(0, _length);

    /// <exception cref="ProblemException">413: it is longer than <paramref name="limit"/> bytes.</exception>
    public static async Task<PooledBody> ReadAsync(HttpRequest request, int limit)
    {
        if (request.ContentLength > limit)
        {
            throw TooLarge(limit);
        }

        if (request.HttpContext.Features.Get<IHttpMaxRequestBodySizeFeature>() is { IsReadOnly: false } size)
        {
            // One more than is allowed, so that the limit is noticed here and explained.
            size.MaxRequestBodySize = limit + 1L;
        }

        // One byte more than announced, so that the end is seen without growing.
        var body = new PooledBody((int)Math.Max(Smallest, (request.ContentLength ?? 0) + 1));
        try
        {
            while (true)
            {
                var read = await request.Body.ReadAsync(body._buffer.AsMemory(body._length), request.HttpContext.RequestAborted);
                if (read == 0)
                {
                    return body;
                }

                body._length += read;
                if (body._length > limit)
                {
                    throw TooLarge(limit);
                }

                if (body._length == body._buffer.Length)
                {
                    body.Grow();
                }
            }
        }
        catch
        {
            body.Dispose();
            throw;
        }
    }

    /// <summary>Leaves the memory to the garbage collector, where someone may still be reading it.</summary>
    public void Abandon() => _buffer = [];

    public void Dispose()
    {
        if (_buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_buffer);
            _buffer = [];
        }
    }

    private void Grow()
    {
        var larger = ArrayPool<byte>.Shared.Rent(_buffer.Length * 2);
        _buffer.AsSpan(0, _length).CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_buffer);
        _buffer = larger;
    }

    private static ProblemException TooLarge(int limit) => new("content-too-large", StatusCodes.Status413PayloadTooLarge,
        $"The body is longer than the {limit:N0} bytes that are read here (maxRequestBytes in gateway.yaml).");
}
