using System.Globalization;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// Tells callers how far they are from their limits, as the vendor whose protocol they speak would. Of several limits of a kind,
/// the one that has least left is told. Where there is a limit here, what the provider says of its own is of no use to the caller.
/// </summary>
internal static class RateLimitHeaders
{
    private const long MsPerMinute = 60_000;
    private const long MsPerDay = 24 * 60 * MsPerMinute;
    private static readonly Names OpenAiRequests = Names.OpenAi("requests");
    private static readonly Names[] OpenAiTokens = [Names.OpenAi("tokens")];
    private static readonly Names AnthropicRequests = Names.Anthropic("requests");
    private static readonly Names[] AnthropicTokens = [Names.Anthropic("tokens"), Names.Anthropic("input-tokens"), Names.Anthropic("output-tokens")];

    /// <summary>Writes the headers as late as can be, over those of the provider.</summary>
    public static void Attach(HttpContext http, Protocol protocol, Reservation reservation)
    {
        // Too late where a caller was sent signs of life while it waited for another's answer.
        if (http.Response.HasStarted)
        {
            return;
        }

        http.Response.OnStarting(static state =>
        {
            var (response, protocol, reservation) = ((HttpResponse, Protocol, Reservation))state;
            Write(response.Headers, protocol, reservation);
            return Task.CompletedTask;
        }, (http.Response, protocol, reservation));
    }

    /// <summary>When a window begins anew; null for a total.</summary>
    public static TimeSpan? UntilReset(Window window, (long Now, long Minute, long Day) clock) => window switch
    {
        Window.Minute => TimeSpan.FromMilliseconds(((clock.Minute + 1) * MsPerMinute) - clock.Now),
        Window.Day => TimeSpan.FromMilliseconds(((clock.Day + 1) * MsPerDay) - clock.Now),
        _ => null,
    };

    private static void Write(IHeaderDictionary headers, Protocol protocol, Reservation reservation)
    {
        var isAnthropic = protocol == Protocol.Messages;
        if (Tightest(reservation, Measure.Requests) is { } requests)
        {
            Write(headers, isAnthropic ? AnthropicRequests : OpenAiRequests, requests, reservation.Clock);
        }

        if (Tightest(reservation, Measure.Tokens) is { } tokens)
        {
            foreach (var names in isAnthropic ? AnthropicTokens : OpenAiTokens)
            {
                Write(headers, names, tokens, reservation.Clock);
            }
        }
    }

    private static void Write(IHeaderDictionary headers, Names names, (long Limit, long Remaining, Window Window) found, (long Now, long Minute, long Day) clock)
    {
        var reset = UntilReset(found.Window, clock);
        headers[names.Limit] = found.Limit.ToString(CultureInfo.InvariantCulture);
        headers[names.Remaining] = found.Remaining.ToString(CultureInfo.InvariantCulture);
        Set(headers, names.Reset, reset is not { } span ? null
            : names.HasMoments ? DateTimeOffset.FromUnixTimeMilliseconds(clock.Now).Add(span).ToString("yyyy-MM-dd'T'HH:mm:ss'Z'", CultureInfo.InvariantCulture)
            : Text(span));
    }

    private static void Set(IHeaderDictionary headers, string name, string? value)
    {
        if (value is null)
        {
            headers.Remove(name);
        }
        else
        {
            headers[name] = value;
        }
    }

    // 17ms, 1s, 6m0s, 3h0m12s
    internal static string Text(TimeSpan span)
    {
        if (span < TimeSpan.FromSeconds(1))
        {
            return string.Create(CultureInfo.InvariantCulture, $"{Math.Max(1, (long)span.TotalMilliseconds)}ms");
        }

        var seconds = (long)Math.Ceiling(span.TotalSeconds);
        var (hours, minutes, rest) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
        return hours > 0 ? string.Create(CultureInfo.InvariantCulture, $"{hours}h{minutes}m{rest}s")
            : minutes > 0 ? string.Create(CultureInfo.InvariantCulture, $"{minutes}m{rest}s")
            : string.Create(CultureInfo.InvariantCulture, $"{rest}s");
    }

    private static (long Limit, long Remaining, Window Window)? Tightest(Reservation reservation, Measure measure)
    {
        (long Limit, long Remaining, Window Window)? found = null;
        foreach (var (subject, used) in reservation.States)
        {
            for (var window = Window.Minute; window <= Window.Total; window++)
            {
                var index = LimitSet.Index(measure, window);
                var limit = subject.Limits[index];
                var remaining = Math.Max(0, limit - used[index]);
                if (limit >= 0 && (found is null || remaining < found.Value.Remaining))
                {
                    found = (limit, remaining, window);
                }
            }
        }

        return found;
    }

    private sealed record Names(string Limit, string Remaining, string Reset, bool HasMoments)
    {
        public static Names OpenAi(string what) => new($"x-ratelimit-limit-{what}", $"x-ratelimit-remaining-{what}", $"x-ratelimit-reset-{what}", false);

        public static Names Anthropic(string what) =>
            new($"anthropic-ratelimit-{what}-limit", $"anthropic-ratelimit-{what}-remaining", $"anthropic-ratelimit-{what}-reset", true);
    }
}
