using System.Net;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.Extensions.Options;
using Polly;
using Polly.Retry;

namespace CodeAgent.Worker.Api;

/// <summary>The Api, for a worker: claims, with the worker's key, and what is done under a lease, with the lease's token.</summary>
internal sealed partial class WorkApi(HttpClient http, IOptionsMonitor<IdentityOptions> identity, TimeProvider time, ILogger<WorkApi> logger)
{
    private static readonly TimeSpan Slack = TimeSpan.FromSeconds(10);
    private readonly ApiTransport _transport = new(http, time);

    /// <summary>Asks for work once; null where there is none for now.</summary>
    /// <exception cref="ApiUnavailableException">The Api did not answer.</exception>
    /// <exception cref="ApiRefusedException">The worker's key is not known there.</exception>
    public async Task<Lease?> ClaimAsync(ClaimRequest claim, CancellationToken cancellationToken)
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "v1/leases") { Content = JsonContent.Create(claim, ContractsJson.Default.ClaimRequest) };
        return await _transport.SendAsync(request, identity.CurrentValue.WorkerKey ?? "", TimeSpan.FromSeconds(claim.WaitSeconds) + Slack, ReadAsync, cancellationToken);

        static Task<Lease?> ReadAsync(HttpResponseMessage response, CancellationToken token) => response.StatusCode == HttpStatusCode.NoContent
            ? Task.FromResult<Lease?>(null)
            : response.Content.ReadFromJsonAsync(ContractsJson.Lenient.Lease, token);
    }

    /// <summary>What can be done under a lease.</summary>
    public LeaseApi For(Lease lease) => new(_transport, lease, new ResiliencePipelineBuilder { TimeProvider = time }
        .AddRetry(new RetryStrategyOptions
        {
            // How long it is tried is for the lease to say: it cancels what it has under way when its patience ends.
            MaxRetryAttempts = int.MaxValue,
            BackoffType = DelayBackoffType.Exponential,
            Delay = TimeSpan.FromMilliseconds(100),
            MaxDelay = TimeSpan.FromSeconds(2),
            UseJitter = true,
            ShouldHandle = new PredicateBuilder().Handle<ApiUnavailableException>(),
            OnRetry = retry =>
            {
                LogAgain(logger, retry.AttemptNumber + 1, retry.Outcome.Exception!.Message);
                return default;
            },
        }).Build());

    [LoggerMessage(LogLevel.Debug, "The Api did not answer, try {Attempt}: {Reason}")]
    private static partial void LogAgain(ILogger logger, int attempt, string reason);
}
