using System.Globalization;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Chooses who is asked: within the first tier that has somebody to ask, a conversation goes where it went before
/// (<see cref="Rendezvous"/>), and a request without one to the less busy of two chosen at random (<see cref="PeakEwma"/>).
/// </summary>
internal sealed class DeploymentChooser(DeploymentStates states, TimeProvider time)
{
    /// <param name="route">Where the model's name leads.</param>
    /// <param name="key">The conversation; null where it does not matter where the request goes.</param>
    /// <param name="wait">Up to how long a deployment that is full is waited for: another one has not the conversation in its cache.</param>
    /// <param name="excluded">Those that are not to be asked.</param>
    /// <returns>Who, and how long to wait before; null where all are resting.</returns>
    public (Deployment Deployment, TimeSpan Wait)? Next(ModelRoute route, ulong? key, TimeSpan wait, IReadOnlyCollection<Deployment> excluded)
    {
        if (route.Deployments.Count == 1)
        {
            return excluded.Count == 0 && Wait(route.First, wait) is { } only ? (route.First, only) : null;
        }

        List<Deployment> tier = [];
        for (var i = 0; i < route.Deployments.Count; i++)
        {
            var deployment = route.Deployments[i];
            if (!excluded.Contains(deployment) && Wait(deployment, wait) is not null)
            {
                tier.Add(deployment);
            }

            var isLast = i == route.Deployments.Count - 1 || route.Deployments[i + 1].Tier != deployment.Tier;
            if (isLast && tier.Count > 0)
            {
                var chosen = tier.Count == 1 ? tier[0] : key is { } conversation ? Rendezvous.Choose(conversation, tier) : LessBusy(tier);
                return (chosen, Wait(chosen, wait) ?? TimeSpan.Zero);
            }
        }

        return null;
    }

    /// <summary>When the first of a route's deployments can be asked again, and whether all of them are only full; null where one can be asked now.</summary>
    public (TimeSpan Wait, bool AreFull)? Soonest(ModelRoute route)
    {
        var (soonest, areFull) = (DateTimeOffset.MaxValue, true);
        foreach (var deployment in route.Deployments)
        {
            if (states.Of(deployment).Resting is not { } rest)
            {
                return null;
            }

            soonest = rest.Until < soonest ? rest.Until : soonest;
            areFull &= rest.Reason == RestReason.RateLimit;
        }

        var wait = soonest - time.GetUtcNow();
        return (wait > TimeSpan.Zero ? wait : TimeSpan.Zero, areFull);
    }

    /// <summary>Which of a route's providers rest, and for how long, in words for a caller; empty where none does.</summary>
    public string Rests(ModelRoute route) => string.Join(", ", route.Deployments.Select(deployment => (deployment.ProviderName, states.Of(deployment).Resting))
        .Where(found => found.Resting is not null)
        .GroupBy(found => found.ProviderName, found => found.Resting!.Until)
        .Select(found => string.Create(CultureInfo.InvariantCulture, $"{found.Key} rests for {Math.Max(0, (found.Min() - time.GetUtcNow()).TotalSeconds):0} s")));

    private TimeSpan? Wait(Deployment deployment, TimeSpan most)
    {
        if (states.Of(deployment).Resting is not { } rest)
        {
            return TimeSpan.Zero;
        }

        var left = rest.Until - time.GetUtcNow();
        return rest.Reason == RestReason.RateLimit && left <= most ? left : null;
    }

    private Deployment LessBusy(List<Deployment> tier)
    {
        var rested = tier.FindAll(deployment => states.Of(deployment).Resting is null);
        tier = rested.Count > 0 ? rested : tier;
        var first = Random(tier, null);
        var second = tier.Count > 1 ? Random(tier, first) : first;
        return Cost(second) < Cost(first) ? second : first;
    }

    private double Cost(Deployment deployment) => states.Of(deployment).Load.Load() / deployment.Weight;

    private static Deployment Random(List<Deployment> tier, Deployment? without)
    {
        var at = System.Random.Shared.Next(tier.Sum(deployment => deployment == without ? 0 : deployment.Weight));
        foreach (var deployment in tier)
        {
            at -= deployment == without ? 0 : deployment.Weight;
            if (at < 0)
            {
                return deployment;
            }
        }

        return tier[^1];
    }
}
