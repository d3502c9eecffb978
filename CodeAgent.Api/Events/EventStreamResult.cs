using System.Diagnostics.CodeAnalysis;
using System.Globalization;
using System.Text;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Events;

/// <summary>Writes <c>text/event-stream</c>, as it comes. By hand, since the framework's writer has no comments, which keep a quiet connection alive.</summary>
/// <param name="frames">Made by <see cref="Frame"/>, one or more at a time; none at a time says only that the stream is alive. Never changed, since they may be others' too.</param>
internal sealed partial class EventStreamResult(IAsyncEnumerable<IReadOnlyList<byte[]>> frames) : IResult
{
    // A watcher that does not take the last word within this has to do without: the instance does not wait for it.
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(1);

    private static readonly byte[][] Comment = [":\n\n"u8.ToArray()];

    /// <summary>One event.</summary>
    /// <param name="type">Its type.</param>
    /// <param name="json">Its data, on one line.</param>
    /// <param name="id">What a client that comes back names as the last that it had.</param>
    public static byte[] Frame(string type, string json, long? id = null) => Encoding.UTF8.GetBytes(id is null
        ? $"event: {type}\ndata: {json}\n\n"
        : string.Create(CultureInfo.InvariantCulture, $"id: {id}\nevent: {type}\ndata: {json}\n\n"));

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, services) = (httpContext.Response, httpContext.RequestServices);
        var options = services.GetRequiredService<IOptions<EventOptions>>().Value;
        var time = services.GetRequiredService<TimeProvider>();
        response.ContentType = "text/event-stream";
        response.Headers.CacheControl = "no-cache, no-store";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();

        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        try
        {
            try
            {
                await response.BodyWriter.WriteAsync([Hint(options.Reconnect, options.Reconnect)], options.StuckAfter, time, either.Token);
                await foreach (var batch in frames.WithCancellation(either.Token))
                {
                    await response.BodyWriter.WriteAsync(batch.Count > 0 ? batch : Comment, options.StuckAfter, time, either.Token);
                }
            }
            catch (OperationCanceledException) when (stopping.IsCancellationRequested && !httpContext.RequestAborted.IsCancellationRequested)
            {
                // The client comes back to another instance and goes on where it was.
                await response.BodyWriter.WriteAsync([Hint(options.Reconnect, options.Spread)], Farewell, time, httpContext.RequestAborted);
            }
        }
        catch (OperationCanceledException) when (httpContext.RequestAborted.IsCancellationRequested)
        {
            // The client has left.
        }
        catch (TimeoutException)
        {
            LogStuck(services.GetRequiredService<ILogger<EventStreamResult>>());
            httpContext.Abort();
        }
    }

    [SuppressMessage("Security", "CA5394", Justification = "Whoever can foresee when a client comes back gains nothing.")]
    private static byte[] Hint(TimeSpan least, TimeSpan spread) =>
        Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"retry: {(least + (spread * Random.Shared.NextDouble())).TotalMilliseconds:F0}\n\n"));

    [LoggerMessage(LogLevel.Information, "A watcher takes nothing of what it is sent, and is closed")]
    private static partial void LogStuck(ILogger logger);
}
