using System.Diagnostics.CodeAnalysis;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Knows which models there are, which of them can be asked just now, and which one is <c>default</c>.</summary>
internal sealed class ModelCatalog(ConfigFile<GatewayConfig> file, ProviderProbe probe)
{
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
            return TryRoute(config, name, named, out var route, out var reason) ? route with { IsListed = false } : throw NotFound(reason);
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
        [NotNullWhen(true)] out ModelRoute? route, [NotNullWhen(false)] out string? reason)
    {
        var provider = config.Providers[model.Provider];
        var upstream = model.Model ?? name;
        route = null;
        reason = provider switch
        {
            { ApiKey.HasValue: false } => $"The model '{name}' cannot be used: its provider '{model.Provider}' has no key (providers.{model.Provider}.apiKey in gateway.yaml).",
            { Detect: true } when !probe.Answers(model.Provider) => $"The model '{name}' cannot be used: its provider '{model.Provider}' does not answer at {provider.BaseUrl}.",
            _ when upstream == ModelConfig.FirstListed && (upstream = probe.FirstModel(model.Provider)) is null =>
                $"The model '{name}' cannot be used: its provider '{model.Provider}' lists no model.",
            _ => null,
        };
        if (reason is null)
        {
            route = new(name, [new(model.Provider, provider, upstream!, model.Pricing)]);
        }

        return route is not null;
    }

    private ProblemException NotFound(string reason) => new("model-not-found", StatusCodes.Status404NotFound,
        $"{reason} There are: {string.Join(", ", Usable().Select(route => route.Model).Prepend(Default))}.")
    { Field = "model" };
}
