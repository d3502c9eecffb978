using System.Globalization;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>Says which limit does not let a request in, and when it will.</summary>
internal static class Refusals
{
    // Names the limit: by it a worker tells our limits from those that a provider has for our account.
    private const string LimitHeader = "x-codeagent-limit";

    // OpenAI's clients wait for hints up to this long, and try again on their own terms beyond it: then they had better not.
    private static readonly TimeSpan LongestWait = TimeSpan.FromMinutes(2);

    /// <summary>The refusal of a request; its answer gets the headers that clients retry by.</summary>
    public static ProblemException Refuse(HttpContext http, Reservation reservation)
    {
        var (place, limit) = reservation.Refusal;
        var state = reservation.States[place];
        var (measure, window) = (reservation.RefusedMeasure, reservation.RefusedWindow);
        var needed = measure switch { Measure.Requests => 1, Measure.Tokens => reservation.Need.Tokens, _ => reservation.Need.Money };
        var isTooLarge = needed > state.Subject.Limits[limit];
        var wait = isTooLarge ? null : RateLimitHeaders.UntilReset(window, reservation.Clock);

        // A limit of money that does not begin anew at once is no reason to ask again.
        var isSpent = window == Window.Total || (measure == Measure.Money && window == Window.Day);
        var isWorthRetrying = !isSpent && wait <= LongestWait;
        if (!http.Response.HasStarted)
        {
            http.Response.OnStarting(static state =>
            {
                var (response, wait, isWorthRetrying, name) = ((HttpResponse, TimeSpan?, bool, string))state;
                response.Headers[LimitHeader] = name;
                response.Headers["x-should-retry"] = isWorthRetrying ? "true" : "false";
                if (wait is { } span)
                {
                    response.Headers["retry-after-ms"] = ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
                }

                return Task.CompletedTask;
            }, (http.Response, wait, isWorthRetrying, LimitSet.Name(limit)));
        }

        var code = isTooLarge ? "request-exceeds-limit" : isSpent ? "insufficient-quota" : "rate-limit-exceeded";
        return new(code, StatusCodes.Status429TooManyRequests, Message(state, limit, measure, needed, isTooLarge, wait)) { RetryAfter = wait };
    }

    private static string Message(SubjectState state, int limit, Measure measure, long needed, bool isTooLarge, TimeSpan? wait)
    {
        var (whose, name, most) = (Whose(state.Subject.Kind), LimitSet.Name(limit), Text(measure, state.Subject.Limits[limit]));
        return isTooLarge
            ? $"This request alone may use {Text(measure, needed)}, which is more than the limit {name} of {whose}: {most}. Ask for less, or for a shorter answer (max_tokens, max_output_tokens, maxOutputTokens)."
            : $"The limit {name} of {whose} is reached: {Text(measure, state.Used[limit])} of {most} are used or reserved"
                + (measure == Measure.Requests ? "." : $", and this request may use {Text(measure, needed)}.")
                + (wait is { } span ? $" It begins anew in {Math.Ceiling(span.TotalSeconds).ToString("N0", CultureInfo.InvariantCulture)} s." : "");
    }

    private static string Whose(string kind) => kind == "gateway" ? "the gateway" : $"this {kind}";

    private static string Text(Measure measure, long count) => measure switch
    {
        Measure.Requests => $"{count.ToString("N0", CultureInfo.InvariantCulture)} requests",
        Measure.Tokens => $"{count.ToString("N0", CultureInfo.InvariantCulture)} tokens",
        _ => $"{TokenPrices.Usd(count).ToString("0.######", CultureInfo.InvariantCulture)} US dollars",
    };
}
