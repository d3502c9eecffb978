using System.Globalization;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Tells the failures of providers apart.</summary>
internal static class FailureRules
{
    /// <summary>A provider that answered with a status other than 2xx.</summary>
    public static AttemptFailure Status(Deployment deployment, ProviderAnswer answer, ReadOnlySpan<byte> body, IProtocol protocol, DateTimeOffset now)
    {
        var shouldRetry = Header(answer, "x-should-retry") switch { "true" => true, "false" => false, _ => (bool?)null };
        var kind = KindOf(answer.Status, FailureWords.Read(body));
        if (kind == FailureKind.Refused && shouldRetry is true && answer.Status is not (400 or 404 or 413 or 422))
        {
            kind = FailureKind.Overloaded;
        }

        return new(deployment, kind, new(answer.Status, $"upstream_{answer.Status}", $"The provider '{deployment.ProviderName}' answered {answer.Status}."))
        {
            Said = answer,
            Protocol = protocol,
            RetryAfter = RetryAfter(answer, now),
            ShouldRetry = kind is FailureKind.SpendLimit or FailureKind.KeyRefused ? null : shouldRetry,
        };
    }

    /// <summary>An error that came within an answer of status 200.</summary>
    public static AttemptFailure Within(Deployment deployment, GatewayError error)
    {
        var status = error.Status is >= 400 and < 600 and not StatusCodes.Status401Unauthorized ? error.Status : StatusCodes.Status502BadGateway;
        var kind = KindOf(error.Status, new([error.Code, error.Type ?? ""], error.Message));
        return new(deployment, kind == FailureKind.Refused && error.Status is < 400 or >= 500 ? FailureKind.Overloaded : kind, error with { Status = status })
        {
            Name = "error_in_answer",
        };
    }

    public static FailureKind KindOf(int status, FailureWords words) => status switch
    {
        // A spend limit comes with all kinds of statuses; what it says is always the same.
        402 => FailureKind.SpendLimit,
        400 or 403 or 429 when words.MeanSpendLimit => FailureKind.SpendLimit,
        401 => FailureKind.KeyRefused,
        400 or 403 when words.MeanKey => FailureKind.KeyRefused,
        403 when words.MeanPermission => FailureKind.NotHere,
        404 when words.MeanModel => FailureKind.NotHere,
        429 => FailureKind.RateLimited,
        408 or 409 or 425 or >= 500 => FailureKind.Overloaded,
        _ => FailureKind.Refused,
    };

    /// <summary>When a provider says that it can be asked again: the finer hint first, as the vendors' own clients read them.</summary>
    public static TimeSpan? RetryAfter(ProviderAnswer answer, DateTimeOffset now)
    {
        if (double.TryParse(Header(answer, "retry-after-ms"), NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var milliseconds) && milliseconds < 1e10)
        {
            return TimeSpan.FromMilliseconds(milliseconds);
        }

        var text = Header(answer, "retry-after");
        return double.TryParse(text, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture, out var seconds) && seconds < 1e7 ? TimeSpan.FromSeconds(seconds)
            : DateTimeOffset.TryParseExact(text, "r", CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) ? at > now ? at - now : TimeSpan.Zero
            : null;
    }

    private static string? Header(ProviderAnswer answer, string name)
    {
        foreach (var (key, value) in answer.Headers)
        {
            if (key.Equals(name, StringComparison.OrdinalIgnoreCase))
            {
                return value;
            }
        }

        return null;
    }
}
