using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Configuration;

/// <summary>What can be wrong with a model. A setting that would do nothing is wrong too: whoever wrote it relies on it.</summary>
internal static class ModelConfigValidator
{
    public static void Validate(string name, ModelConfig model, GatewayConfig config, ConfigProblems problems)
    {
        var path = $"models.{name}";
        problems.Require(name != ModelCatalog.Default, path, "'default' is chosen by the list of that name and cannot be a model");
        problems.Require(model.Deployments.Count == 0 || (model.Provider.Length == 0 && model.Model is null), path,
            "either 'provider' and 'model', or 'deployments': with both, nobody knows which is meant");
        var long_ = model.Deployments.Count > 0;
        for (var i = 0; i < model.All.Count; i++)
        {
            Validate(model.All[i], model, long_ ? $"{path}.deployments[{i}]" : path, config, problems);
        }

        LimitsConfigValidator.Prices(model.Pricing, $"{path}.pricing", problems);
        Window(model.ContextWindow, $"{path}.contextWindow", problems);
        var tiers = model.All.GroupBy(deployment => deployment.EffectiveTier).ToList();
        problems.Require(tiers.Any(tier => tier.Key == 0), $"{path}.deployments", "there is no deployment in tier 0: a reserve stands behind a primary");
        problems.Require(model.Affinity is null || tiers.Any(tier => tier.Count() > 1), $"{path}.affinity",
            "there is nothing to choose from: no two deployments are in the same tier");
        Fallbacks(name, model, config, problems);
        Hedge(model, path, config, problems);
        BestOf(name, model, path, config, problems);
    }

    private static void Validate(DeploymentConfig deployment, ModelConfig model, string path, GatewayConfig config, ConfigProblems problems)
    {
        problems.Require(config.Providers.ContainsKey(deployment.Provider), $"{path}.provider",
            $"there is no provider '{deployment.Provider}'; there are: {string.Join(", ", config.Providers.Keys)}");
        problems.Require(deployment.Model != "", $"{path}.model", "the name is empty");
        problems.Require(deployment.Weight is null or (>= 1 and <= 1000), $"{path}.weight", "1 to 1000");
        problems.Require(deployment.Weight is null || model.All.Count(other => other.EffectiveTier == deployment.EffectiveTier) > 1, $"{path}.weight",
            "a weight does nothing here: the deployment is alone in its tier");
        problems.Require(deployment.Tier is null or (>= 0 and <= 9), $"{path}.tier", "0 to 9");
        problems.Require(deployment.Tier is null || deployment.Role is null, $"{path}.role", "either 'tier' or 'role': a role is a name for a tier");
        problems.Require(!model.All.TakeWhile(other => other != deployment)
                .Any(other => (other.Provider, other.Model) == (deployment.Provider, deployment.Model)), path,
            $"{deployment.Provider}/{deployment.Model ?? "(the same name)"} is here twice; a larger share is a 'weight'");
        if (deployment.Pricing != model.Pricing)
        {
            LimitsConfigValidator.Prices(deployment.Pricing, $"{path}.pricing", problems);
        }

        Window(deployment.ContextWindow, $"{path}.contextWindow", problems);
    }

    private static void Window(int? tokens, string path, ConfigProblems problems) =>
        problems.Require(tokens is null or (>= 1_000 and <= 100_000_000), path, "1000 to 100000000 tokens");

    private static void Fallbacks(string name, ModelConfig model, GatewayConfig config, ConfigProblems problems)
    {
        for (var i = 0; i < model.Fallback.Count; i++)
        {
            var path = $"models.{name}.fallback[{i}]";
            problems.Require(config.Models.ContainsKey(model.Fallback[i]), path,
                $"there is no model '{model.Fallback[i]}'; there are: {string.Join(", ", config.Models.Keys)}");
            problems.Require(model.Fallback[i] != name, path, "a model is no fallback of itself");
            problems.Require(!model.Fallback.Take(i).Contains(model.Fallback[i]), path, $"'{model.Fallback[i]}' is here twice");
            problems.Require(!config.Models.TryGetValue(model.Fallback[i], out var other) || other.BestOf is null, path,
                "a model with 'bestOf' cannot be a fallback: it is more than one request");
        }
    }

    private static void Hedge(ModelConfig model, string path, GatewayConfig config, ConfigProblems problems)
    {
        if (model.Hedge is not { } hedge)
        {
            return;
        }

        problems.Require(hedge.Percentile is >= 50 and <= 99.9, $"{path}.hedge.percentile", "50 to 99.9");
        GatewayConfigValidator.Between(hedge.AtLeast, TimeSpan.FromMilliseconds(10), TimeSpan.FromMinutes(10), $"{path}.hedge.atLeast", problems);
        problems.Require(model.All.Count > 1, $"{path}.hedge", "there is no second deployment to ask");
        problems.Require(model.BestOf is null, $"{path}.hedge", "with 'bestOf' all deployments are asked anyway");
        problems.Require(
            model.All.All(deployment => !config.Providers.TryGetValue(deployment.Provider, out var provider) || hedge.AtLeast < provider.FirstTokenTimeout),
            $"{path}.hedge.atLeast", "a request would have failed by its firstTokenTimeout before it was hedged");
    }

    private static void BestOf(string name, ModelConfig model, string path, GatewayConfig config, ConfigProblems problems)
    {
        if (model.BestOf is not { } bestOf)
        {
            return;
        }

        problems.Require(bestOf.Count is >= 2 and <= 4, $"{path}.bestOf.count", "2 to 4");
        problems.Require(config.Models.TryGetValue(bestOf.Judge, out var judge), $"{path}.bestOf.judge",
            $"there is no model '{bestOf.Judge}'; there are: {string.Join(", ", config.Models.Keys)}");
        problems.Require(bestOf.Judge != name && judge?.BestOf is null, $"{path}.bestOf.judge", "the judge must be a model without 'bestOf'");
    }
}
