using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

internal static class GeminiEndpoints
{
    public static void MapGemini(this IEndpointRouteBuilder routes)
    {
        // A model's name may have slashes and colons in it, so what is asked of it is whatever stands after the last colon.
        foreach (var version in (string[])["/v1beta", "/v1"])
        {
            var models = routes.MapGroup(version).RequireAuthorization(ModelAccess.Policy);
            models.MapPost("/models/{**call}", CallAsync);
            models.MapPost("/tunedModels/{**call}", (HttpContext http, string call, CallHandler handler) => CallAsync(http, $"tunedModels/{call}", handler));
        }
    }

    private static Task CallAsync(HttpContext http, string? call, CallHandler handler)
    {
        var name = Uri.UnescapeDataString(call ?? "");
        var colon = name.LastIndexOf(':');
        var model = name[..Math.Max(0, colon)];
        return name[(colon + 1)..] switch
        {
            _ when model.Length == 0 => throw NotFound(),
            "generateContent" => handler.HandleAsync(http, Protocol.Gemini, Operation.Generate, model, isStream: false),
            "streamGenerateContent" => http.Request.Query["alt"] == "sse"
                ? handler.HandleAsync(http, Protocol.Gemini, Operation.Generate, model, isStream: true)
                : throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, "Streams are server-sent events here: ask with ?alt=sse.") { Field = "alt" },
            "countTokens" => handler.HandleAsync(http, Protocol.Gemini, Operation.CountTokens, model, isStream: false),
            "embedContent" or "batchEmbedContents" => handler.HandleAsync(http, Protocol.Gemini, Operation.Embed, model, isStream: false),
            _ => throw NotFound(),
        };
    }

    private static ProblemException NotFound() => new("not-found", StatusCodes.Status404NotFound,
        "After the model comes one of :generateContent, :streamGenerateContent, :countTokens, :embedContent and :batchEmbedContents.");
}
