using System.Security.Cryptography;
using System.Text;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Idempotency;

/// <summary>
/// Gives a request that comes again under its <c>Idempotency-Key</c> the answer that it had. That nothing is changed twice does
/// not rest on this record, which an Api that is killed may never write: what a request makes has the request's id, and what it
/// changes is marked with it in the same script as the change.
/// </summary>
internal sealed partial class IdempotencyFilter(
    IConnectionMultiplexer redis, ConfigFile<ApiConfig> file, TimeProvider time, ILogger<IdempotencyFilter> logger)
{
    public const string ReplayedHeader = "Idempotent-Replayed";
    private const long LongestBody = 2 * 1024 * 1024;
    private static readonly TimeSpan RetryAfter = TimeSpan.FromSeconds(1);

    public async ValueTask<object?> InvokeAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next)
    {
        var http = context.HttpContext;
        var key = IdempotencyKey.Parse(http.Request.Headers[IdempotencyKey.Header]);
        var body = await JsonBody.BufferAsync(http.Request, LongestBody);
        var record = new IdempotencyRecord(redis.GetDatabase(), file.Current.Idempotency, NameOf(http, key), PayloadOf(http.Request, body));
        switch (await record.BeginAsync(time))
        {
            case "other":
                throw new ProblemException("idempotency-key-reused", StatusCodes.Status422UnprocessableEntity,
                    $"This {IdempotencyKey.Header} was used for another request. A key stands for one request: its address and its body, byte for byte.")
                { Field = IdempotencyKey.Header };
            case "busy":
                throw new ProblemException("idempotency-key-in-flight", StatusCodes.Status409Conflict,
                    $"The request with this {IdempotencyKey.Header} is being answered just now.")
                { Field = IdempotencyKey.Header, RetryAfter = RetryAfter };
            case "answered":
                return Replay(http, record);
            default:
                return await AnswerAsync(context, next, record);
        }
    }

    private static ReplayedResult Replay(HttpContext http, IdempotencyRecord record)
    {
        // At the last moment, because the exception handler empties the headers.
        http.Response.OnStarting(static state =>
        {
            ((HttpResponse)state).Headers[ReplayedHeader] = "true";
            return Task.CompletedTask;
        }, http.Response);
        var (head, body) = record.Answered!.Value;
        head.ThrowIfProblem();
        return new(head, body);
    }

    private async ValueTask<object?> AnswerAsync(EndpointFilterInvocationContext context, EndpointFilterDelegate next, IdempotencyRecord record)
    {
        context.HttpContext.Features.Set(record.Request!);
        try
        {
            return new RecordingResult((IResult)(await next(context))!, (answer, body) =>
                answer.Status < StatusCodes.Status400BadRequest || IsLasting(answer.Status) ? KeepAsync(record, answer, body) : ReleaseAsync(record, forget: false));
        }
        catch (ProblemException refusal) when (IsLasting(refusal.Status))
        {
            await KeepAsync(record, RecordedAnswer.Of(refusal), default);
            throw;
        }
        catch (Exception e)
        {
            await ReleaseAsync(record, forget: e is ProblemException { Status: < StatusCodes.Status500InternalServerError });
            throw;
        }
    }

    // A refusal for what the task is like is the answer to that request: a late repetition must not do what its sender believes
    // refused. One for what the request itself is like is the same the next time, and the corrected request may have its key.
    private static bool IsLasting(int status) => status is StatusCodes.Status404NotFound or StatusCodes.Status409Conflict or StatusCodes.Status410Gone;

    private async Task KeepAsync(IdempotencyRecord record, RecordedAnswer answer, ReadOnlyMemory<byte> body)
    {
        try
        {
            await (record.Request!.InPlaceOfAnswer is { } other
                ? record.AnswerAsync(RecordedAnswer.Of(other), default)
                : record.AnswerAsync(answer, body));
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            // What was done is done, and a repetition finds that out by the request's id.
            LogNotKept(e.GetType().Name);
        }
    }

    private async Task ReleaseAsync(IdempotencyRecord record, bool forget)
    {
        try
        {
            await record.ReleaseAsync(forget);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogNotKept(e.GetType().Name);
        }
    }

    // The caller is part of the name, so that nobody gets at another's answers, whatever key they send.
    private static string NameOf(HttpContext http, string key)
    {
        var subject = http.User.FindFirst(CallerClaims.Subject);
        var route = (http.GetEndpoint() as RouteEndpoint)?.RoutePattern.RawText;
        return string.Join('\n', subject?.Issuer, http.User.Tenant(), subject?.Value, route, key);
    }

    private static string PayloadOf(HttpRequest http, ReadOnlyMemory<byte> body)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        hash.AppendData(Encoding.UTF8.GetBytes($"{http.Method} {http.PathBase}{http.Path}{http.QueryString}\n"));
        hash.AppendData(body.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    [LoggerMessage(LogLevel.Warning, "The answer to a request with an Idempotency-Key could not be recorded ({Error}); a repetition is answered anew")]
    private partial void LogNotKept(string error);
}
