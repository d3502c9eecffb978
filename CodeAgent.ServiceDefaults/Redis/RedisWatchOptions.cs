using System.ComponentModel.DataAnnotations;
using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Redis;

/// <summary>When Redis counts as away: the configuration section <c>Redis</c>.</summary>
internal sealed class RedisWatchOptions
{
    /// <summary>The section's name.</summary>
    public const string Section = "Redis";

    /// <summary>A server that is connected and does not answer for so long is away. 0.2 seconds to a minute, 2 seconds by default. Beyond the client's own patience with an answer (5 seconds by default) nothing is cut.</summary>
    [Range(typeof(TimeSpan), "00:00:00.2", "00:01:00")]
    public TimeSpan AwayAfter { get; set; } = TimeSpan.FromSeconds(2);
}

[OptionsValidator]
internal sealed partial class RedisWatchOptionsValidator : IValidateOptions<RedisWatchOptions>;
