using System.Globalization;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.RateLimits;

/// <summary>The section <c>rateLimits</c> of <c>config/api.yaml</c>: how much one caller may ask of one instance of the Api.</summary>
internal sealed class RateLimitConfig
{
    /// <summary>Requests of each key, token or subject. 10,000 a second by default, 20,000 at once.</summary>
    public RateLimit? Caller { get; set; } = new() { Requests = 10_000, Burst = 20_000 };

    /// <summary>Requests of all callers of a tenant together. Not limited by default.</summary>
    public RateLimit? Tenant { get; set; }

    /// <summary>Requests without a good key, by the address that they come from. 200 a second by default, 1,000 at once.</summary>
    public RateLimit? Anonymous { get; set; } = new() { Requests = 200, Burst = 1_000 };

    /// <summary>Streams that a caller may have open at once: 1 to 1,000,000, 50,000 by default.</summary>
    public int Streams { get; set; } = 50_000;

    public static void Validate(RateLimitConfig config, ConfigProblems problems)
    {
        config.Caller?.Validate("rateLimits.caller", problems);
        config.Tenant?.Validate("rateLimits.tenant", problems);
        config.Anonymous?.Validate("rateLimits.anonymous", problems);
        problems.Require(config.Streams is >= 1 and <= 1_000_000, "rateLimits.streams", "it is 1 to 1000000");
    }
}

/// <summary>A bucket of requests that fills up as time goes by.</summary>
internal sealed class RateLimit
{
    // Finer steps than this nobody notices.
    private static readonly TimeSpan Step = TimeSpan.FromMilliseconds(100);

    /// <summary>Requests that come back in <see cref="Per"/>: 1 to 1,000,000.</summary>
    public int Requests { get; set; }

    /// <summary>1 second to a day, 1 second by default.</summary>
    public TimeSpan Per { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>Requests that may come at once after a pause: 1 to 1,000,000; as many as <see cref="Requests"/> by default.</summary>
    public int? Burst { get; set; }

    /// <summary>How many requests there are at most.</summary>
    public int Quota => Burst ?? Requests;

    /// <summary>How many come back at once, and how often.</summary>
    public (int Requests, TimeSpan Period) Refill
    {
        get
        {
            var requests = Math.Max(1, (int)Math.Ceiling(Requests * Step.TotalSeconds / Per.TotalSeconds));
            return (requests, TimeSpan.FromSeconds(Per.TotalSeconds * requests / Requests));
        }
    }

    /// <summary>Seconds until so many have come back.</summary>
    public long SecondsFor(long requests) => (long)Math.Ceiling(requests * Per.TotalSeconds / Requests);

    /// <summary>The quota and the time in which all of it comes back, as <c>RateLimit-Policy</c> has them.</summary>
    public string Policy(string name) => string.Create(CultureInfo.InvariantCulture, $"\"{name}\";q={Quota};w={SecondsFor(Quota)}");

    public void Validate(string path, ConfigProblems problems)
    {
        problems.Require(Requests is >= 1 and <= 1_000_000, $"{path}.requests", "it is 1 to 1000000; leave the limit empty (~) where there is to be none");
        problems.Require(Burst is null or (>= 1 and <= 1_000_000), $"{path}.burst", "it is 1 to 1000000");
        problems.Require(Per >= TimeSpan.FromSeconds(1) && Per <= TimeSpan.FromDays(1), $"{path}.per", "it is 1s to 1d");
    }
}
