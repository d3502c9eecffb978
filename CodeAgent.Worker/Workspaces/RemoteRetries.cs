using System.Text.RegularExpressions;
using Polly;
using Polly.Retry;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Tries again what may go through the next time: the network was away, or the host was in trouble.</summary>
internal static partial class RemoteRetries
{
    /// <summary>Three tries in all.</summary>
    public static ResiliencePipeline<GitResult> Pipeline { get; } = new ResiliencePipelineBuilder<GitResult>()
        .AddRetry(new RetryStrategyOptions<GitResult>
        {
            MaxRetryAttempts = 2,
            Delay = TimeSpan.FromSeconds(1),
            BackoffType = DelayBackoffType.Exponential,
            UseJitter = true,
            ShouldHandle = new PredicateBuilder<GitResult>().HandleResult(result => result.ExitCode != 0 && Transient().IsMatch(result.Error)),
        }).Build();

    [GeneratedRegex("Could not resolve host|Temporary failure in name resolution|timed out|Connection reset|Connection refused|early EOF|RPC failed|HTTP 5\\d\\d|error: 5\\d\\d|unexpected disconnect", RegexOptions.IgnoreCase)]
    private static partial Regex Transient();
}
