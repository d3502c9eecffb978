using System.Collections.Concurrent;
using System.Diagnostics;
using CodeAgent.Api.RateLimits;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Api.Audit;

/// <summary>
/// Notes every change that people ask for, and everybody who was refused: 401, 403, 429, and changes that came to nothing. Of refusals
/// so many a minute of each caller, so that nobody fills the log with them. What workers report under their leases is in the tasks'
/// events. Stands before all else, where the answer has its final status.
/// </summary>
internal sealed class AuditMiddleware(RequestDelegate next, AuditWriter writer, ConfigFile<ApiConfig> config, TimeProvider time)
{
    private const string WorkersPath = "/v1/leases";
    private const int MostCallers = 10_000;
    private static readonly TimeSpan Minute = TimeSpan.FromMinutes(1);
    private readonly ConcurrentDictionary<string, Refusals> _refusals = [];
    private readonly Refusals _others = new();
    private long _emptied = time.GetTimestamp();

    public async Task InvokeAsync(HttpContext context)
    {
        // A failure empties these.
        var route = (context.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        var target = context.GetRouteValue("id")?.ToString() ?? context.GetRouteValue("taskId")?.ToString();
        var status = StatusCodes.Status500InternalServerError;
        try
        {
            await next(context);
            status = context.Response.StatusCode;
        }
        finally
        {
            Note(context, route, target, status);
        }
    }

    private void Note(HttpContext context, string? route, string? target, int status)
    {
        var isChange = route is not null && IsChange(context.Request);
        if (status is StatusCodes.Status401Unauthorized or StatusCodes.Status403Forbidden or StatusCodes.Status429TooManyRequests
            || (isChange && status >= StatusCodes.Status400BadRequest))
        {
            Refused(context, route, target, status);
        }
        else if (isChange)
        {
            writer.Write(Entry(context, route, target, status, null));
        }
    }

    private static bool IsChange(HttpRequest request) =>
        !HttpMethods.IsGet(request.Method) && !HttpMethods.IsHead(request.Method) && !HttpMethods.IsOptions(request.Method)
        && !request.Path.StartsWithSegments(WorkersPath);

    private void Refused(HttpContext context, string? route, string? target, int status)
    {
        var name = context.User.Name() is var subject && context.User.Identity?.IsAuthenticated == true ? subject : $"from {RequestLimits.Address(context.Connection.RemoteIpAddress)}";
        if (RefusalsOf(name).TryTake(time, Minute, config.Current.Audit.RefusalsPerMinute, out var unwritten))
        {
            writer.Write(Entry(context, route, target, status, unwritten == 0 ? null : $"{unwritten} more refusals of this caller were not written before."));
        }
    }

    // Beyond so many callers a minute, the rest of them count as one: they must not make each other room by their number.
    private Refusals RefusalsOf(string name)
    {
        if (_refusals.TryGetValue(name, out var known))
        {
            return known;
        }

        if (_refusals.Count >= MostCallers && time.GetElapsedTime(Volatile.Read(ref _emptied)) >= Minute)
        {
            Volatile.Write(ref _emptied, time.GetTimestamp());
            _refusals.Clear();
        }

        return _refusals.Count >= MostCallers ? _others : _refusals.GetOrAdd(name, static _ => new());
    }

    private AuditEntry Entry(HttpContext context, string? route, string? target, int status, string? note) => new()
    {
        At = time.GetUtcNow(),
        Subject = context.User.Name(),
        Tenant = context.User.Tenant(),
        Address = context.Connection.RemoteIpAddress?.ToString(),
        Action = $"{context.Request.Method} {route ?? "(no such address)"}",
        Target = context.AuditTarget() ?? target ?? Made(context.Response),
        Status = status,
        CorrelationId = Activity.Current?.TraceId.ToHexString(),
        Note = note,
    };

    // Where what was made is, ends with its id.
    private static string? Made(HttpResponse response) =>
        response.StatusCode == StatusCodes.Status201Created && response.Headers.Location.ToString() is { Length: > 0 } location ? location[(location.LastIndexOf('/') + 1)..] : null;

    private sealed class Refusals
    {
        private readonly Lock _lock = new();
        private long _began;
        private int _written;
        private int _unwritten;

        public bool TryTake(TimeProvider time, TimeSpan window, int most, out int unwritten)
        {
            lock (_lock)
            {
                if (_written == 0 || time.GetElapsedTime(_began) >= window)
                {
                    (_began, _written) = (time.GetTimestamp(), 0);
                }

                if (_written == most)
                {
                    unwritten = 0;
                    _unwritten++;
                    return false;
                }

                _written++;
                (unwritten, _unwritten) = (_unwritten, 0);
                return true;
            }
        }
    }
}
