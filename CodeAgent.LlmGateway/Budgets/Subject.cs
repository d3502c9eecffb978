using System.Globalization;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>Something that has limits: a key, a tenant, a task, or the gateway as a whole.</summary>
internal sealed class Subject
{
    private static readonly TimeSpan AMinuteAndMore = TimeSpan.FromMinutes(3);
    private static readonly TimeSpan ADayAndMore = TimeSpan.FromDays(2);

    /// <param name="kind">What it is.</param>
    /// <param name="name">Which one; none where there is only one.</param>
    /// <param name="limits">Its limits, at least one.</param>
    /// <param name="keepTotals">How long totals are kept after the last use; for good where it is null.</param>
    public Subject(string kind, string? name, LimitSet limits, TimeSpan? keepTotals)
    {
        (Kind, Limits) = (kind, limits);
        var id = name is null ? kind : $"{kind}:{name}";
        (Used, Open) = (BudgetKeys.Used(id), BudgetKeys.Open(id));
        Keep = limits.HasTotals ? Milliseconds(keepTotals ?? TimeSpan.Zero) : Milliseconds(limits.HasDays ? ADayAndMore : AMinuteAndMore);
        Has = string.Create(LimitSet.Count, limits, static (text, limits) =>
        {
            for (var i = 0; i < text.Length; i++)
            {
                text[i] = limits[i] >= 0 ? '1' : '0';
            }
        });
        Values = new RedisValue[LimitSet.Count];
        for (var i = 0; i < LimitSet.Count; i++)
        {
            Values[i] = limits[i];
        }
    }

    /// <summary>What it is: key, tenant, task or gateway.</summary>
    public string Kind { get; }

    public LimitSet Limits { get; }

    public RedisKey Used { get; }

    public RedisKey Open { get; }

    /// <summary>How long its counts are kept, in milliseconds; 0 for good.</summary>
    public RedisValue Keep { get; }

    /// <summary>Which limits there are: nine times 0 or 1.</summary>
    public RedisValue Has { get; }

    public RedisValue[] Values { get; }

    private static RedisValue Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
