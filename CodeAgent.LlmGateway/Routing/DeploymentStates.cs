using System.Collections.Concurrent;
using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>What is known of the deployments, kept over changes of the configuration.</summary>
internal sealed class DeploymentStates(TimeProvider time)
{
    private readonly ConcurrentDictionary<Key, DeploymentHealth> _deployments = [];
    private readonly ConcurrentDictionary<string, RetryBudget> _budgets = [];

    public DeploymentHealth Of(Deployment deployment) =>
        // Callers can make up names of models; those must not fill the memory.
        _deployments.GetOrAdd(new(deployment.ProviderName, deployment.Provider.BaseUrl, deployment.IsListed ? deployment.UpstreamModel : "", deployment.Provider.Breaker),
            static (key, time) => new(key.Breaker, time), time);

    public RetryBudget BudgetOf(Deployment deployment) => _budgets.GetOrAdd(deployment.ProviderName, static (_, time) => new(time), time);

    private readonly record struct Key(string Provider, string? BaseUrl, string Model, BreakerConfig Breaker);
}
