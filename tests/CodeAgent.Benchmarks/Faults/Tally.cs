using System.Collections.Concurrent;
using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Counts what was done and looked at, over all seeds.</summary>
internal sealed class Tally
{
    private readonly ConcurrentDictionary<(string Fault, LifeStep Step), int> _faults = [];
    private readonly ConcurrentDictionary<(WriteKind Kind, int Status), int> _answers = [];
    private readonly ConcurrentDictionary<string, int> _checks = [];
    private readonly ConcurrentDictionary<string, int> _violations = [];

    /// <summary>A fault happened.</summary>
    public void Fault(string fault, LifeStep step) => _faults.AddOrUpdate((fault, step), 1, static (_, count) => count + 1);

    /// <summary>Something that was sent under a lease was answered; 0 where it was not.</summary>
    public void Answered(WriteKind kind, int status) => _answers.AddOrUpdate((kind, status), 1, static (_, count) => count + 1);

    /// <summary>An invariant was looked at so many times.</summary>
    public void Checked(string invariant, int times) => _checks.AddOrUpdate(invariant, times, (_, count) => count + times);

    /// <summary>An invariant does not hold.</summary>
    public void Violated(string invariant) => _violations.AddOrUpdate(invariant, 1, static (_, count) => count + 1);

    public override string ToString()
    {
        var steps = Enum.GetValues<LifeStep>();
        var (faults, checks) = (new Table(["fault, at the step of a task's life", .. steps.Select(step => $"{step}")]), new Table("invariant", "looked at", "violated"));
        foreach (var fault in _faults.Keys.Select(key => key.Fault).Distinct().Order(StringComparer.Ordinal))
        {
            faults.Add([fault, .. steps.Select(step => $"{_faults.GetValueOrDefault((fault, step)):N0}")]);
        }

        int[] statuses = [.. _answers.Keys.Select(key => key.Status).Distinct().Order()];
        var answers = new Table(["sent under a lease, answered", .. statuses.Select(status => status == 0 ? "not" : $"{status}")]);
        foreach (var kind in _answers.Keys.Select(key => key.Kind).Distinct().Order())
        {
            answers.Add([$"{kind}", .. statuses.Select(status => $"{_answers.GetValueOrDefault((kind, status)):N0}")]);
        }

        foreach (var invariant in _checks.Keys.Union(_violations.Keys).Order(StringComparer.Ordinal))
        {
            checks.Add(invariant, $"{_checks.GetValueOrDefault(invariant):N0}", $"{_violations.GetValueOrDefault(invariant):N0}");
        }

        return $"{faults}\n{answers}\n{checks}";
    }
}
