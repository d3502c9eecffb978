using System.ComponentModel.DataAnnotations;

namespace CodeAgent.Worker.Agents.Builtin;

/// <summary>How the built-in agent calls its model.</summary>
internal sealed class BuiltinAgentOptions
{
    public const string Section = "BuiltinAgent";

    /// <summary>The gateway. The host is a service's name, or a real one.</summary>
    [Required]
    public Uri Gateway { get; set; } = new("http://llm-gateway/v1");

    /// <summary>How long the gateway may say nothing, before an answer and in the middle of one. 1 second to 1 hour, 5 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:01", "01:00:00")]
    public TimeSpan Silence { get; set; } = TimeSpan.FromMinutes(5);

    /// <summary>How long a call that fails for a passing reason is tried again. 0 to 1 hour, 3 minutes by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "01:00:00")]
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromMinutes(3);

    /// <summary>The first pause before trying again; doubled each time up to <see cref="LongestPause"/>. 1 ms to 1 minute, half a second by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan FirstPause { get; set; } = TimeSpan.FromMilliseconds(500);

    /// <summary>The longest pause, where the answer names none. 1 ms to 1 minute, 10 seconds by default.</summary>
    [Range(typeof(TimeSpan), "00:00:00.001", "00:01:00")]
    public TimeSpan LongestPause { get; set; } = TimeSpan.FromSeconds(10);

    /// <summary>Tokens that a model takes at once, its answer included, where the gateway does not tell. 1,000 to 100,000,000; 128,000 by default.</summary>
    [Range(1_000, 100_000_000)]
    public int ContextWindow { get; set; } = 128_000;
}
