using System.Text;
using CodeAgent.Api.Events;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Secrecy;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Artifacts;

/// <summary>
/// A task's log as text, made from its events: so it has every attempt from the first on, is the same at every instance, and needs
/// nothing of a worker. It is whole where the answer ends in order; one that is cut off before breaks off.
/// </summary>
/// <param name="batches">The events, as they come.</param>
internal sealed class FollowedLog(IAsyncEnumerable<IReadOnlyList<LoggedEvent>> batches) : IResult
{
    public const string ContentType = "text/plain; charset=utf-8";

    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var (response, services) = (httpContext.Response, httpContext.RequestServices);
        var limit = services.GetRequiredService<IOptions<EventOptions>>().Value.StuckAfter;
        var time = services.GetRequiredService<TimeProvider>();
        response.ContentType = ContentType;
        response.Headers.CacheControl = "no-store";
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers["X-Accel-Buffering"] = "no";
        httpContext.Features.GetRequiredFeature<IHttpResponseBodyFeature>().DisableBuffering();
        await response.StartAsync(httpContext.RequestAborted);

        var stopping = services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        using var either = CancellationTokenSource.CreateLinkedTokenSource(httpContext.RequestAborted, stopping);
        try
        {
            await foreach (var batch in batches.WithCancellation(either.Token))
            {
                await response.BodyWriter.WriteAsync([Lines(batch)], limit, time, either.Token);
            }
        }
        catch (Exception e) when (e is TimeoutException || (e is OperationCanceledException && either.IsCancellationRequested))
        {
            // Text has no way to say that there is more. A client that is still there sees that it was cut.
            httpContext.Abort();
        }
    }

    private static byte[] Lines(IReadOnlyList<LoggedEvent> batch)
    {
        var text = new StringBuilder();
        foreach (var e in batch.Select(logged => logged.ToEvent()))
        {
            TaskLogText.Append(text, e.At, e.Type, e.Data);
        }

        return Encoding.UTF8.GetBytes(SecretText.Hide(text.ToString()));
    }
}
