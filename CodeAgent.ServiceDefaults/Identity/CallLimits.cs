namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// How much may be asked of models. What is left out is not limited. A minute is one of the clock, a day one of UTC; the limits
/// without either hold for as long as what they limit exists.
/// </summary>
public sealed record CallLimits
{
    /// <summary>No limit.</summary>
    public static CallLimits None { get; } = new();

    /// <summary>1 to 1,000,000,000.</summary>
    public long? RequestsPerMinute { get; init; }

    /// <summary>1 to 1,000,000,000,000.</summary>
    public long? RequestsPerDay { get; init; }

    /// <summary>1 to 1,000,000,000,000.</summary>
    public long? Requests { get; init; }

    /// <summary>Tokens in and out together: 1 to 1,000,000,000,000.</summary>
    public long? TokensPerMinute { get; init; }

    /// <summary>Tokens in and out together: 1 to 1,000,000,000,000.</summary>
    public long? TokensPerDay { get; init; }

    /// <summary>Tokens in and out together: 1 to 1,000,000,000,000.</summary>
    public long? Tokens { get; init; }

    /// <summary>US dollars by the gateway's prices: 0.000001 to 1,000,000.</summary>
    public decimal? UsdPerMinute { get; init; }

    /// <summary>US dollars by the gateway's prices: 0.000001 to 1,000,000.</summary>
    public decimal? UsdPerDay { get; init; }

    /// <summary>US dollars by the gateway's prices: 0.000001 to 1,000,000.</summary>
    public decimal? Usd { get; init; }

    /// <summary>What is wrong with the limits: a field and the reason for each. A limit that could never do anything is wrong too, since whoever set it believes that it does.</summary>
    public IEnumerable<(string Field, string Reason)> Problems() =>
    [
        .. Count("requests", RequestsPerMinute, RequestsPerDay, Requests),
        .. Count("tokens", TokensPerMinute, TokensPerDay, Tokens),
        .. Money("usd", UsdPerMinute, UsdPerDay, Usd),
    ];

    private static IEnumerable<(string Field, string Reason)> Count(string measure, decimal? minute, decimal? day, decimal? total) =>
        Check(measure, minute, day, total, 1, 1_000_000_000_000m, "a whole number from 1 to 1000000000000");

    private static IEnumerable<(string Field, string Reason)> Money(string measure, decimal? minute, decimal? day, decimal? total) =>
        Check(measure, minute, day, total, 0.000001m, 1_000_000m, "US dollars from 0.000001 to 1000000");

    private static IEnumerable<(string Field, string Reason)> Check(
        string measure, decimal? minute, decimal? day, decimal? total, decimal least, decimal most, string range)
    {
        foreach (var (field, value) in new[] { ($"{measure}PerMinute", minute), ($"{measure}PerDay", day), (measure, total) })
        {
            if (value < least || value > most)
            {
                yield return (field, $"a limit is {range}; leave it out where there is to be none");
            }
        }

        const int MinutesOfADay = 24 * 60;
        if (minute >= day)
        {
            yield return ($"{measure}PerMinute", $"it can do nothing: {measure}PerDay is not higher");
        }
        else if (minute * MinutesOfADay <= day)
        {
            yield return ($"{measure}PerDay", $"it can do nothing: a day of {measure}PerMinute is not more");
        }

        if (minute >= total)
        {
            yield return ($"{measure}PerMinute", $"it can do nothing: '{measure}' is not higher");
        }

        if (day >= total)
        {
            yield return ($"{measure}PerDay", $"it can do nothing: '{measure}' is not higher");
        }
    }
}
