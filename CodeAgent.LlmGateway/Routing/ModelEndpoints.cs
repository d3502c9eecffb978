using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.LlmGateway.Configuration;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.LlmGateway.Routing;

internal static class ModelEndpoints
{
    public static void MapModels(this IEndpointRouteBuilder routes) =>
        routes.MapGet("/v1/models", List).RequireAuthorization(ModelAccess.Policy);

    private static JsonHttpResult<ModelList> List(ModelCatalog catalog)
    {
        var models = catalog.Usable().Select(route => View(route.Model, route));
        return TypedResults.Json(
            new ModelList("list", [.. catalog.DefaultRoute() is { } route ? models.Prepend(View(ModelCatalog.Default, route)) : models]),
            ModelJson.Default.ModelList);
    }

    private static ModelView View(string id, ModelRoute route) =>
        new(id, "model", 0, route.First.ProviderName, route.First.ProviderName, route.First.UpstreamModel, Prices(route.First.Pricing));

    private static PricingView? Prices(ModelPricing? pricing) => pricing is null ? null
        : new(pricing.InputPerMillion, pricing.CachedInputPerMillion ?? pricing.InputPerMillion, pricing.OutputPerMillion);
}

/// <summary>OpenAI's list of models.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelView> Data);

/// <summary>OpenAI's entry of a model, and what we know beyond it.</summary>
internal sealed record ModelView(
    string Id, string Object, long Created, [property: JsonPropertyName("owned_by")] string OwnedBy, string Provider, string UpstreamModel, PricingView? Pricing);

/// <summary>US dollars for a million tokens.</summary>
internal sealed record PricingView(decimal InputPerMillion, decimal CachedInputPerMillion, decimal OutputPerMillion);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelList))]
internal sealed partial class ModelJson : JsonSerializerContext;
