using System.Security.Claims;
using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Keys;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.LlmGateway.Routing;

internal static class ModelEndpoints
{
    // Anthropic's clients say at the same address as OpenAI's which form they want.
    private const string AnthropicVersion = "anthropic-version";
    private static readonly string[] Methods = ["generateContent", "streamGenerateContent", "countTokens"];

    public static void MapModels(this IEndpointRouteBuilder routes)
    {
        var models = routes.MapGroup("").RequireAuthorization(ModelAccess.Policy);
        models.MapGet("/v1/models", List);
        models.MapGet("/v1/models/{**id}", Get);
        models.MapGet("/v1beta/models", ListGemini);
        models.MapGet("/v1beta/models/{**id}", (string id, ClaimsPrincipal caller, ModelCatalog catalog) => TypedResults.Json(Gemini(catalog.Find(caller, id).Model), ModelJson.Default.GeminiModelView));
    }

    private static IResult List(HttpRequest request, ClaimsPrincipal caller, ModelCatalog catalog)
    {
        var models = All(caller, catalog).Select(entry => View(entry.Id, entry.Route)).ToList();
        return request.Headers.ContainsKey(AnthropicVersion)
            ? TypedResults.Json(new AnthropicModelList([.. models.Select(model => Anthropic(model.Id))], false, models.FirstOrDefault()?.Id, models.LastOrDefault()?.Id), ModelJson.Default.AnthropicModelList)
            : TypedResults.Json(new ModelList("list", models), ModelJson.Default.ModelList);
    }

    private static IResult Get(string id, HttpRequest request, ClaimsPrincipal caller, ModelCatalog catalog)
    {
        var route = catalog.Find(caller, id);
        return request.Headers.ContainsKey(AnthropicVersion)
            ? TypedResults.Json(Anthropic(id), ModelJson.Default.AnthropicModelView)
            : TypedResults.Json(View(id, route), ModelJson.Default.ModelView);
    }

    private static JsonHttpResult<GeminiModelList> ListGemini(ClaimsPrincipal caller, ModelCatalog catalog) =>
        TypedResults.Json(new GeminiModelList([.. All(caller, catalog).Select(entry => Gemini(entry.Id))]), ModelJson.Default.GeminiModelList);

    // A key that is for some models is told of no others.
    private static IEnumerable<(string Id, ModelRoute Route)> All(ClaimsPrincipal caller, ModelCatalog catalog)
    {
        var models = catalog.Usable().Select(route => (Id: route.Model, Route: route));
        var all = catalog.DefaultRoute() is { } route ? models.Prepend((Id: ModelCatalog.Default, Route: route)) : models;
        return all.Where(model => ModelAllowance.Allows(caller, model.Id, model.Route));
    }

    private static AnthropicModelView Anthropic(string id) => new("model", id, id, DateTimeOffset.UnixEpoch);

    private static GeminiModelView Gemini(string id) => new($"models/{id}", id, Methods);

    private static ModelView View(string id, ModelRoute route) =>
        new(id, "model", 0, route.First.ProviderName, route.First.ProviderName, route.First.UpstreamModel, Prices(route.First.Pricing), route.ContextWindow);

    private static PricingView? Prices(ModelPricing? pricing) => pricing is null ? null
        : new(pricing.InputPerMillion, pricing.CachedInputPerMillion ?? pricing.InputPerMillion, pricing.OutputPerMillion);
}

/// <summary>OpenAI's list of models.</summary>
internal sealed record ModelList(string Object, IReadOnlyList<ModelView> Data);

/// <summary>OpenAI's entry of a model, and what we know beyond it.</summary>
internal sealed record ModelView(
    string Id, string Object, long Created, [property: JsonPropertyName("owned_by")] string OwnedBy, string Provider, string UpstreamModel, PricingView? Pricing,
    int? ContextWindow);

/// <summary>US dollars for a million tokens.</summary>
internal sealed record PricingView(decimal InputPerMillion, decimal CachedInputPerMillion, decimal OutputPerMillion);

/// <summary>Anthropic's list of models.</summary>
internal sealed record AnthropicModelList(IReadOnlyList<AnthropicModelView> Data, [property: JsonPropertyName("has_more")] bool HasMore,
    [property: JsonPropertyName("first_id")] string? FirstId, [property: JsonPropertyName("last_id")] string? LastId);

internal sealed record AnthropicModelView(string Type, string Id, [property: JsonPropertyName("display_name")] string DisplayName,
    [property: JsonPropertyName("created_at")] DateTimeOffset CreatedAt);

/// <summary>Google's list of models.</summary>
internal sealed record GeminiModelList(IReadOnlyList<GeminiModelView> Models);

internal sealed record GeminiModelView(string Name, string DisplayName, IReadOnlyList<string> SupportedGenerationMethods);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ModelList))]
[JsonSerializable(typeof(AnthropicModelList))]
[JsonSerializable(typeof(GeminiModelList))]
internal sealed partial class ModelJson : JsonSerializerContext;
