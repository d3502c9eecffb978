using System.Collections.Concurrent;
using System.Runtime.CompilerServices;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>Whose limits hold for a caller. Those of a key come and go with it, and those of a task do not change: both are remembered.</summary>
internal sealed class Subjects(TaskLimits tasks)
{
    // After the last call of a task its totals are of no use to anyone.
    private static readonly TimeSpan KeepTasks = TimeSpan.FromDays(30);
    private const int MostRemembered = 10_000;
    private readonly ConditionalWeakTable<CallerIdentity, Found> _ofKeys = [];
    private readonly ConcurrentDictionary<Guid, Found> _ofTasks = [];

    /// <exception cref="ServiceDefaults.Problems.ProblemException">503: Redis does not answer.</exception>
    public ValueTask<Subject[]> OfAsync(CallerIdentity caller, LimitsConfig limits)
    {
        if (caller.Token is { } token)
        {
            return _ofTasks.TryGetValue(token.Task, out var task) && task.Limits == limits ? new(task.Subjects) : new(OfTaskAsync(token.Task, limits));
        }

        if (!_ofKeys.TryGetValue(caller, out var found) || found.Limits != limits)
        {
            found = new(limits, OfKey(caller.Key!, limits));
            _ofKeys.AddOrUpdate(caller, found);
        }

        return new(found.Subjects);
    }

    private static Subject[] OfKey(KeyRecord key, LimitsConfig limits)
    {
        List<Subject> subjects = [];
        Add(subjects, "key", key.Id, key.Limits is null ? limits.Key : Merged(key.Limits, limits.Key), null);
        if (key.Tenant is { } tenant && limits.Tenants.TryGetValue(tenant, out var shared))
        {
            Add(subjects, "tenant", tenant, shared, null);
        }

        Add(subjects, "gateway", null, limits.Gateway, null);
        return [.. subjects];
    }

    private async Task<Subject[]> OfTaskAsync(Guid task, LimitsConfig limits)
    {
        var own = await tasks.FindAsync(task);
        List<Subject> subjects = [];
        Add(subjects, "task", task.ToString(), limits.Task with { Tokens = Least(own.Tokens, limits.Task.Tokens), Usd = Least(own.Usd, limits.Task.Usd) }, KeepTasks);
        Add(subjects, "gateway", null, limits.Gateway, null);
        if (_ofTasks.Count >= MostRemembered)
        {
            _ofTasks.Clear();
        }

        return (_ofTasks[task] = new(limits, [.. subjects])).Subjects;
    }

    private static void Add(List<Subject> subjects, string kind, string? name, CallLimits limits, TimeSpan? keepTotals)
    {
        var set = LimitSet.Of(limits);
        if (!set.IsEmpty)
        {
            subjects.Add(new(kind, name, set, keepTotals));
        }
    }

    private static T? Least<T>(T? one, T? other)
        where T : struct, IComparable<T> =>
        one is { } a && other is { } b ? (a.CompareTo(b) <= 0 ? a : b) : one ?? other;

    private static CallLimits Merged(CallLimits own, CallLimits others) => new()
    {
        RequestsPerMinute = own.RequestsPerMinute ?? others.RequestsPerMinute,
        RequestsPerDay = own.RequestsPerDay ?? others.RequestsPerDay,
        Requests = own.Requests ?? others.Requests,
        TokensPerMinute = own.TokensPerMinute ?? others.TokensPerMinute,
        TokensPerDay = own.TokensPerDay ?? others.TokensPerDay,
        Tokens = own.Tokens ?? others.Tokens,
        UsdPerMinute = own.UsdPerMinute ?? others.UsdPerMinute,
        UsdPerDay = own.UsdPerDay ?? others.UsdPerDay,
        Usd = own.Usd ?? others.Usd,
    };

    private sealed record Found(LimitsConfig Limits, Subject[] Subjects);
}
