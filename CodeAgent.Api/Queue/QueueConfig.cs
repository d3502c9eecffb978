using System.Collections.Frozen;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Queue;

/// <summary>Who goes next, and how many at once: <c>queue</c> in config/api.yaml.</summary>
internal sealed class QueueConfig
{
    /// <summary>The name that stands for every tenant or repository that is not named itself.</summary>
    public const string Others = "*";

    private FrozenDictionary<string, RepositoryShare>? _named;

    /// <summary>The key of a label: the tasks of one tenant with different values of it take turns. None by default. Holds for tasks that are submitted from then on.</summary>
    public string? TurnsBy { get; set; }

    /// <summary>By tenant, or <see cref="Others"/>, which tasks without a tenant count to as well.</summary>
    public Dictionary<string, TenantShare> Tenants { get; set; } = [];

    /// <summary>By address, or <see cref="Others"/>. However an address is written, with https or ssh, it is the same repository.</summary>
    public Dictionary<string, RepositoryShare> Repositories { get; set; } = [];

    /// <summary>Turns that the tenant gets for one of the others.</summary>
    public double WeightOf(string tenant) => (Tenants.GetValueOrDefault(tenant) ?? Tenants.GetValueOrDefault(Others))?.Weight ?? 1;

    /// <summary>How many tasks of the tenant may run at once; null for any number.</summary>
    public int? LimitOf(string tenant) => (Tenants.GetValueOrDefault(tenant) ?? Tenants.GetValueOrDefault(Others))?.MaxRunning;

    /// <summary>How many tasks may run at once on the repository with this <see cref="RepositoryName"/>; null for any number.</summary>
    public int? LimitOn(string repository) => repository.Length == 0 || Repositories.Count == 0 ? null
        : ((_named ??= Repositories.ToFrozenDictionary(entry => RepositoryName.Of(entry.Key), entry => entry.Value)).GetValueOrDefault(repository)
            ?? Repositories.GetValueOrDefault(Others))?.MaxRunning;

    public void Validate(ConfigProblems problems)
    {
        problems.Require(TurnsBy is null or { Length: >= 1 and <= 63 }, "queue.turnsBy", "the key of a label has 1 to 63 characters");
        foreach (var (name, share) in Tenants)
        {
            problems.Require(share?.Weight is null or (>= 0.01 and <= 100), $"queue.tenants.{name}.weight", "a weight is 0.01 to 100");
            problems.Require(share?.MaxRunning is null or >= 1, $"queue.tenants.{name}.maxRunning", "at least 1 task may run; leave it out for any number");
        }

        foreach (var (name, share) in Repositories)
        {
            problems.Require(share?.MaxRunning is null or >= 1, $"queue.repositories.{name}.maxRunning", "at least 1 task may run; leave it out for any number");
            problems.Require(Repositories.Keys.Count(other => RepositoryName.Of(other) == RepositoryName.Of(name)) == 1,
                $"queue.repositories.{name}", "the same repository stands here twice, under two addresses");
        }
    }
}

/// <summary>What a tenant gets.</summary>
internal sealed class TenantShare
{
    /// <summary>Turns for one of the others: 0.01 to 100, 1 by default.</summary>
    public double Weight { get; set; } = 1;

    /// <summary>How many of its tasks may run at once: 1 or more, any number by default.</summary>
    public int? MaxRunning { get; set; }
}

/// <summary>What a repository gets.</summary>
internal sealed class RepositoryShare
{
    /// <summary>How many tasks may run on it at once: 1 or more, any number by default.</summary>
    public int? MaxRunning { get; set; }
}
