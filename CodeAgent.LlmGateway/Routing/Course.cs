using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// The way of one request over the deployments of its route. Retries add up and never multiply: each deployment is asked once,
/// and <see cref="ProviderConfig.MaxRetries"/> times in all a request goes to one a second time.
/// </summary>
/// <remarks>
/// <para>A short hint is waited for where the conversation's cache is; a long one, or none, sends the request elsewhere. A lower
/// tier is spared while a deployment is merely full without saying for how long: it would be full next.</para>
/// <para>A failure after which nobody knows whether the provider does the work (and bills it) is followed by one more attempt
/// at most, whatever else is allowed, so that such a request is billed twice at the worst. Both attempts are booked, the first
/// as an estimate. Without that one attempt the caller would repeat the request itself, unseen by any of our limits.</para>
/// </remarks>
internal sealed class Course(ModelRoute route, ulong? key, RetriesConfig config, DeploymentChooser chooser, DeploymentStates states, TimeProvider time)
{
    private static readonly TimeSpan Spread = TimeSpan.FromMilliseconds(100);
    private readonly long _start = time.GetTimestamp();
    private readonly HashSet<Deployment> _asked = [];
    private int _repeats;
    private int _ambiguous;
    private AttemptFailure? _failed;

    /// <summary>Who is asked next.</summary>
    public Deployment? Next { get; private set; }

    /// <summary>How long to wait before; null for a pause that grows with each attempt.</summary>
    public TimeSpan? Wait { get; private set; }

    /// <summary>Whether there were retries, or would have been if there were any left.</summary>
    public bool HasRetried { get; private set; }

    public TimeSpan Elapsed => time.GetElapsedTime(_start);

    /// <summary>Chooses whom to ask first, or in place of one that began to rest just now.</summary>
    public bool Choose()
    {
        if (chooser.Next(route, key, config.Wait, _asked) is not { } choice)
        {
            return false;
        }

        Next = choice.Deployment;
        Wait = choice.Wait > TimeSpan.Zero ? Spreaded(choice.Wait) : TimeSpan.Zero;
        return true;
    }

    public void Asking(Deployment deployment)
    {
        if (_asked.Add(deployment) && _asked.Count == 1)
        {
            states.BudgetOf(deployment).Request();
        }
    }

    /// <summary>Whether to ask once more after a failure; then <see cref="Next"/> and <see cref="Wait"/> say how.</summary>
    public bool GoesOn(AttemptFailure failure)
    {
        if (failure.Kind == FailureKind.NotHere)
        {
            return PassesOver();
        }

        _failed = failure;
        if (failure.Kind == FailureKind.Refused || Elapsed > config.Patience || (failure.IsAmbiguous && ++_ambiguous > 1))
        {
            return false;
        }

        var here = failure.MayRepeatHere && _repeats < failure.Deployment.Provider.MaxRetries;
        if (here && failure.RetryAfter is { } hint && hint <= config.Wait)
        {
            return Repeat(failure.Deployment, Spreaded(hint));
        }

        if (failure.Kind is FailureKind.KeyRefused or FailureKind.SpendLimit)
        {
            // Another model of the same account would hear the same.
            _asked.UnionWith(route.Deployments.Where(other => other.ProviderName == failure.Deployment.ProviderName));
        }

        var isFull = failure is { Kind: FailureKind.RateLimited, RetryAfter: null };
        if (failure.MayGoElsewhere && chooser.Next(route, key, config.Wait, _asked) is { } other
            && !(isFull && here && other.Deployment.Tier > failure.Deployment.Tier))
        {
            return Go(other.Deployment, other.Wait > TimeSpan.Zero ? Spreaded(other.Wait) : TimeSpan.Zero);
        }

        return here && CanRepeat(failure) && Repeat(failure.Deployment, null);
    }

    /// <summary>What the caller is told: that a deployment could not have answered it anyway counts only where nothing else was said.</summary>
    public AttemptFailure Told(AttemptFailure last) => last.Kind == FailureKind.NotHere ? _failed ?? last : last;

    /// <summary>Goes by a deployment that did no work at all: there are only so many of them, so none of the retries is used up.</summary>
    private bool PassesOver()
    {
        if (Elapsed > config.Patience)
        {
            return false;
        }

        if (chooser.Next(route, key, config.Wait, _asked) is { } other)
        {
            (Next, Wait) = (other.Deployment, other.Wait > TimeSpan.Zero ? Spreaded(other.Wait) : TimeSpan.Zero);
            return true;
        }

        return _failed is { MayRepeatHere: true } failed && _repeats < failed.Deployment.Provider.MaxRetries && CanRepeat(failed) && Repeat(failed.Deployment, null);
    }

    private bool CanRepeat(AttemptFailure failure) => failure.RetryAfter is null && states.Of(failure.Deployment).Resting is null;

    /// <summary>Whom to ask beside the one that is slow; null where there is nobody, or no retry left for it.</summary>
    public Deployment? Hedge()
    {
        if (chooser.Next(route, key, TimeSpan.Zero, _asked) is not { } other || !states.BudgetOf(other.Deployment).TryRetry(config))
        {
            return null;
        }

        _asked.Add(other.Deployment);
        return other.Deployment;
    }

    private bool Repeat(Deployment deployment, TimeSpan? wait)
    {
        _repeats++;
        return Go(deployment, wait);
    }

    private bool Go(Deployment deployment, TimeSpan? wait)
    {
        HasRetried = true;
        (Next, Wait) = (deployment, wait);
        return Elapsed + (wait ?? TimeSpan.Zero) <= config.Patience && states.BudgetOf(deployment).TryRetry(config);
    }

    // All who wait for the same moment must not come in the same moment.
    private static TimeSpan Spreaded(TimeSpan wait) => wait + TimeSpan.FromMilliseconds(10) + (((wait / 10) + Spread) * Random.Shared.NextDouble());
}
