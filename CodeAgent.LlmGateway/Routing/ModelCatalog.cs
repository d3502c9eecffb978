using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Knows which models there are, which of them can be asked just now, and which one is <c>default</c>.</summary>
internal sealed class ModelCatalog(ConfigFile<GatewayConfig> file, ProviderProbe probe)
{
    private volatile KnownRoutes _known = new(null, []);

    /// <summary>The name that stands for the first usable model of the configured list.</summary>
    public const string Default = "default";

    /// <summary>Finds where a name leads.</summary>
    /// <exception cref="ProblemException">404: nowhere, or to a provider that is not usable.</exception>
    public ModelRoute Find(string name)
    {
        var config = file.Current;
        if (name == Default)
        {
            return DefaultRoute(config) ?? throw NotFound("None of the models that 'default' may be is usable: their providers have no key or do not answer.");
        }

        if (config.Models.TryGetValue(name, out var model))
        {
            return TryRoute(config, name, model, out var route, out var reason) ? route : throw NotFound(reason);
        }

        var slash = name.IndexOf('/', StringComparison.Ordinal);
        if (slash > 0 && slash < name.Length - 1 && config.Providers.ContainsKey(name[..slash]))
        {
            var named = new ModelConfig { Provider = name[..slash], Model = name[(slash + 1)..] };
            return TryRoute(config, name, named, out var route, out var reason, isListed: false) ? route : throw NotFound(reason);
        }

        throw NotFound($"There is no model '{name}'.");
    }

    /// <summary>What <c>default</c> is just now; null where nothing is usable.</summary>
    public ModelRoute? DefaultRoute() => DefaultRoute(file.Current);

    /// <summary>The listed models that can be asked just now.</summary>
    public IReadOnlyList<ModelRoute> Usable()
    {
        var config = file.Current;
        return [.. config.Models.Select(model => TryRoute(config, model.Key, model.Value, out var route, out _) ? route : null).OfType<ModelRoute>()];
    }

    private ModelRoute? DefaultRoute(GatewayConfig config) => config.Default
        .Select(name => TryRoute(config, name, config.Models[name], out var route, out _) ? route : null)
        .FirstOrDefault(route => route is not null);

    private bool TryRoute(GatewayConfig config, string name, ModelConfig model,
        [NotNullWhen(true)] out ModelRoute? route, [NotNullWhen(false)] out string? reason, bool isListed = true)
    {
        // Where nothing hangs on a probe, a name leads to the same place until the configuration changes.
        var known = Known(config);
        reason = null;
        if (isListed && known.TryGetValue(name, out route))
        {
            return true;
        }

        List<Deployment> found = [];
        var isFixed = Add(config, name, model, 0, isListed, found, ref reason);
        foreach (var fallback in model.Fallback)
        {
            var below = found.Count > 0 ? found[^1].Tier + 1 : 0;
            isFixed &= Add(config, fallback, config.Models[fallback], below, true, found, ref reason);
        }

        route = found.Count == 0 ? null : new(name, found)
        {
            IsListed = isListed,
            Affinity = model.Affinity ?? Affinity.Auto,
            Hedge = model.Hedge,
            BestOf = model.BestOf,
        };
        if (route is not null && isFixed && isListed)
        {
            known.TryAdd(name, route);
        }

        return route is not null;
    }

    /// <summary>Adds the deployments of a model that are usable.</summary>
    /// <returns>Whether it would add the same ones at any other time.</returns>
    private bool Add(GatewayConfig config, string name, ModelConfig model, int below, bool isListed, List<Deployment> found, ref string? reason)
    {
        var isFixed = true;
        foreach (var deployment in model.All.OrderBy(deployment => deployment.EffectiveTier))
        {
            var provider = config.Providers[deployment.Provider];
            var upstream = deployment.Model ?? name;
            isFixed &= !provider.Detect && upstream != ModelConfig.FirstListed;
            var obstacle = provider switch
            {
                { ApiKey.HasValue: false } => $"its provider '{deployment.Provider}' has no key (providers.{deployment.Provider}.apiKey in gateway.yaml)",
                { Detect: true } when !probe.Answers(deployment.Provider) => $"its provider '{deployment.Provider}' does not answer (providers.{deployment.Provider}.baseUrl in gateway.yaml)",
                _ when upstream == ModelConfig.FirstListed && (upstream = probe.FirstModel(deployment.Provider)) is null =>
                    $"its provider '{deployment.Provider}' lists no model",
                _ => null,
            };
            reason ??= obstacle is null ? null : $"The model '{name}' cannot be used: {obstacle}.";
            if (obstacle is null)
            {
                found.Add(new(deployment.Provider, provider, upstream!, deployment.Pricing ?? model.Pricing)
                {
                    Weight = deployment.Weight ?? 1,
                    Tier = below + deployment.EffectiveTier,
                    IsListed = isListed,
                    ContextWindow = deployment.ContextWindow ?? model.ContextWindow,
                });
            }
        }

        return isFixed;
    }

    private ConcurrentDictionary<string, ModelRoute> Known(GatewayConfig config)
    {
        var known = _known;
        return ReferenceEquals(known.Config, config) ? known.Routes : (_known = new(config, [])).Routes;
    }

    private ProblemException NotFound(string reason) => new("model-not-found", StatusCodes.Status404NotFound,
        $"{reason} There are: {string.Join(", ", Usable().Select(route => route.Model).Prepend(Default))}.")
    { Field = "model" };

    private sealed record KnownRoutes(GatewayConfig? Config, ConcurrentDictionary<string, ModelRoute> Routes);
}
