using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.Api.Events;

/// <summary>Writes <c>text/event-stream</c>, as it comes. By hand, since the framework's writer has no comments, which keep a quiet connection alive.</summary>
/// <param name="frames">Made by <see cref="Frame(string, string, long?)"/>, one or more in a string, or <see cref="Comment"/>.</param>
/// <param name="reconnect">Clients that are cut off come back after this.</param>
internal sealed class EventStreamResult(IAsyncEnumerable<string> frames, TimeSpan reconnect) : IResult
{
    /// <summary>Says nothing, on purpose.</summary>
    public const string Comment = ":\n\n";

    /// <summary>One event.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="json">Its data, on one line.</param>
    /// <param name="id">What a client that comes back names as the last that it had.</param>
    public static string Frame(string type, string json, long? id = null) => id is null
        ? $"event: {type}\ndata: {json}\n\n"
        : string.Create(CultureInfo.InvariantCulture, $"id: {id}\nevent: {type}\ndata: {json}\n\n");

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();

        var stopping = httpContext.RequestServices.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        try
        {
            await WriteAsync(response, string.Create(CultureInfo.InvariantCulture, $"retry: {reconnect.TotalMilliseconds:F0}\n\n"), either.Token);
            await foreach (var frame in frames.WithCancellation(either.Token))
            {
                await WriteAsync(response, frame, either.Token);
            }
        }
        catch (OperationCanceledException) when (either.IsCancellationRequested)
        {
            // The client has left, or this instance stops: the client comes back to another one and goes on where it was.
        }
    }

    private static async Task WriteAsync(HttpResponse response, string text, CancellationToken cancellationToken)
    {
        Encoding.UTF8.GetBytes(text, response.BodyWriter);
        await response.BodyWriter.FlushAsync(cancellationToken);
    }
}
