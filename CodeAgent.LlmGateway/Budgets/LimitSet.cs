using System.Runtime.CompilerServices;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Budgets;

internal enum Measure
{
    Requests,
    Tokens,
    Money,
}

internal enum Window
{
    Minute,
    Day,
    Total,
}

/// <summary>Limits as the scripts count them: nine numbers, by measure and in it by window; money in picodollars.</summary>
internal sealed class LimitSet
{
    public const int WindowCount = 3;
    public const int Count = 3 * WindowCount;
    public const long None = -1;

    private static readonly ConditionalWeakTable<CallLimits, LimitSet> Known = [];
    private readonly long[] _values;

    private LimitSet(CallLimits limits) => _values =
    [
        limits.RequestsPerMinute ?? None, limits.RequestsPerDay ?? None, limits.Requests ?? None,
        limits.TokensPerMinute ?? None, limits.TokensPerDay ?? None, limits.Tokens ?? None,
        Money(limits.UsdPerMinute), Money(limits.UsdPerDay), Money(limits.Usd),
    ];

    public long this[int index] => _values[index];

    public long this[Measure measure, Window window] => _values[Index(measure, window)];

    /// <summary>Whether there is no limit at all.</summary>
    public bool IsEmpty => _values.AsSpan().IndexOfAnyExcept(None) < 0;

    public bool HasTotals => Has(Window.Total);

    public bool HasDays => Has(Window.Day);

    public static int Index(Measure measure, Window window) => ((int)measure * WindowCount) + (int)window;

    public static LimitSet Of(CallLimits limits) => Known.GetValue(limits, static known => new(known));

    /// <summary>The name of a limit, as it is written where it is set.</summary>
    public static string Name(int index) => (index / 3, index % 3) switch
    {
        (0, 0) => "requestsPerMinute",
        (0, 1) => "requestsPerDay",
        (0, _) => "requests",
        (1, 0) => "tokensPerMinute",
        (1, 1) => "tokensPerDay",
        (1, _) => "tokens",
        (_, 0) => "usdPerMinute",
        (_, 1) => "usdPerDay",
        _ => "usd",
    };

    private bool Has(Window window) => this[Measure.Requests, window] >= 0 || this[Measure.Tokens, window] >= 0 || this[Measure.Money, window] >= 0;

    private static long Money(decimal? usd) => usd is { } value ? TokenPrices.Picos(value) : None;
}
