using System.Diagnostics;

namespace CodeAgent.ServiceDefaults.Correlation;

/// <summary>
/// Makes the trace ID the correlation ID: every answer names it in <see cref="Header"/>. What a caller sends in that header
/// goes on as baggage and as an attribute of the span.
/// </summary>
internal sealed class CorrelationMiddleware(RequestDelegate next)
{
    public const string Header = "X-Correlation-Id";
    private const string CallerTag = "codeagent.caller.correlation_id";
    private const int LongestCallerId = 128;

    public Task InvokeAsync(HttpContext context)
    {
        if (Activity.Current is { } activity)
        {
            // At the last moment, because the exception handler empties the headers.
            context.Response.OnStarting(static state =>
            {
                var (response, trace) = ((HttpResponse, ActivityTraceId))state;
                response.Headers[Header] = trace.ToHexString();
                return Task.CompletedTask;
            }, (context.Response, activity.TraceId));
            var caller = context.Request.Headers[Header].ToString();
            if (caller.Length is > 0 and <= LongestCallerId && caller.All(c => c is > ' ' and <= '~'))
            {
                activity.SetBaggage(CallerTag, caller);
                activity.SetTag(CallerTag, caller);
            }
        }

        return next(context);
    }
}
