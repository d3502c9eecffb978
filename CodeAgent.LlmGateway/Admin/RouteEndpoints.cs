using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.LlmGateway.Admin;

internal static class RouteEndpoints
{
    public static void MapRoutes(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/admin/routes", List).RequireAuthorization(AdminAccess.Policy).WithQuery();

    private static JsonHttpResult<RouteList> List(ModelCatalog catalog, DeploymentStates states, ConfigFile<GatewayConfig> file)
    {
        var usable = catalog.Usable().ToDictionary(route => route.Model);
        var models = file.Current.Models.Keys.Select(name => usable.TryGetValue(name, out var route)
            ? new RouteView(name, true, [.. route.Deployments.Select(deployment => View(deployment, states))])
            : new RouteView(name, false, []));
        return TypedResults.Json(new RouteList(catalog.DefaultRoute()?.Model, file.Version, [.. models]), AdminJson.Default.RouteList);
    }

    private static DeploymentView View(Deployment deployment, DeploymentStates states)
    {
        var health = states.Of(deployment);
        var rest = health.Resting;
        return new(deployment.ProviderName, deployment.UpstreamModel, deployment.Tier, deployment.Weight, rest is null ? "ready" : "resting",
            rest?.Reason, rest?.Until, Math.Round(health.Load.Load(), 1), health.FirstTokens.Percentile(50)?.TotalMilliseconds, health.FirstTokens.Percentile(95)?.TotalMilliseconds);
    }
}

/// <summary>Where the models lead, as this gateway sees it.</summary>
/// <param name="Default">The model that 'default' is just now.</param>
/// <param name="Configuration">A hash of the configuration that is in force here; the same on all replicas that have read the same file.</param>
/// <param name="Items">All models of the configuration.</param>
internal sealed record RouteList(string? Default, string Configuration, IReadOnlyList<RouteView> Items);

/// <summary>A model.</summary>
/// <param name="Model">Its name.</param>
/// <param name="Usable">Whether it can be asked: its providers have keys and are there.</param>
/// <param name="Deployments">Who can answer, in tiers.</param>
internal sealed record RouteView(string Model, bool Usable, IReadOnlyList<DeploymentView> Deployments);

/// <summary>A model at a provider.</summary>
/// <param name="Provider">The provider's name.</param>
/// <param name="Model">The model's name there.</param>
/// <param name="Tier">Asked only while all of smaller tiers are failing.</param>
/// <param name="Weight">Its part of the load within its tier.</param>
/// <param name="State">ready, or resting.</param>
/// <param name="Reason">Why it rests.</param>
/// <param name="Until">Until when it rests.</param>
/// <param name="Load">What it costs to ask it: the moving average of the milliseconds to the first token, times the requests under way.</param>
/// <param name="FirstTokenP50Ms">Half of its last answers began within this.</param>
/// <param name="FirstTokenP95Ms">95 percent of its last answers began within this.</param>
internal sealed record DeploymentView(
    string Provider, string Model, int Tier, int Weight, string State, RestReason? Reason, DateTimeOffset? Until, double Load,
    double? FirstTokenP50Ms, double? FirstTokenP95Ms);
