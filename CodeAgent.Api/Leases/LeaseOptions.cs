using System.ComponentModel.DataAnnotations;
using CodeAgent.Api.Queue;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Leases;

/// <summary>How leases are kept: the configuration section <c>Leases</c>.</summary>
internal sealed class LeaseOptions
{
    public const string Section = "Leases";

    /// <summary>A lease lapses so long after the last heartbeat. 0.2 seconds to an hour, 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.2", "01:00:00")]
    public TimeSpan Ttl { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>A task whose worker was lost so many times fails. 1 to 100, 3 by default. Holds for tasks that are submitted from then on.</summary>
    [Range(1, 100)]
    public int MaxAttempts { get; set; } = 3;

    /// <summary>A task whose worker was lost waits at most so long for its second attempt, and at least half of that; twice as long for each further one. 0 seconds to an hour, 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryDelay { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>No task waits longer than this for its next attempt. 0 seconds to a day, 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "1.00:00:00")]
    public TimeSpan LongestRetryDelay { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>Both of them.</summary>
    public RetryDelays RetryDelays => new(RetryDelay, LongestRetryDelay);

    /// <summary>Lapsed leases are looked for so often. 0.05 seconds to a minute, 1 second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.05", "00:01:00")]
    public TimeSpan SweepInterval { get; set; } = TimeSpan.FromSeconds(1);

    /// <summary>A worker that waits looks into the queue so often even when nobody wakes it. 0.1 seconds to a minute, 5 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "00:01:00")]
    public TimeSpan PollInterval { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A task whose agent no worker offers fails after so long, while there are workers that offer others. 0.1 seconds to 7 days, 15 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "7.00:00:00")]
    public TimeSpan AgentPatience { get; set; } = TimeSpan.FromMinutes(15);
}

[OptionsValidator]
internal sealed partial class LeaseOptionsValidator : IValidateOptions<LeaseOptions>;
