using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

internal static class BudgetKeys
{
    /// <summary>
    /// What a subject has used: a hash with <c>mw</c> and <c>dw</c> (the minute and the day that the counts are of) and a count for
    /// each limit: <c>r</c>, <c>t</c>, <c>u</c> (requests, tokens, picodollars) and <c>m</c>, <c>d</c>, <c>t</c> (minute, day, total).
    /// </summary>
    public static RedisKey Used(string subject) => $"{RedisKeys.Prefix}budget:{subject}";

    /// <summary>Reservations against totals that are not settled yet: a hash with <c>until:tokens:picodollars:minute:day</c> by the reservation's id.</summary>
    public static RedisKey Open(string subject) => $"{RedisKeys.Prefix}budget:{subject}:open";

    /// <summary>The number of the last batch of settlements that a gateway has got through, so that none counts twice.</summary>
    public static RedisKey Settled(Guid gateway) => $"{RedisKeys.Prefix}settled:{gateway:N}";

    /// <summary>The books of a day: a hash with <c>NAME|COUNT</c>, by key, model or task.</summary>
    public static RedisKey Books(DateOnly day, string by) => $"{RedisKeys.Prefix}usage:{day:yyyy-MM-dd}:{by}";
}
