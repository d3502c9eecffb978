using Microsoft.OpenApi;
using Scalar.AspNetCore;

namespace CodeAgent.Api.Documentation;

internal static class DocumentationExtensions
{
    private const string Scheme = "key";

    /// <summary>Adds the OpenAPI document.</summary>
    public static WebApplicationBuilder AddDocumentation(this WebApplicationBuilder builder)
    {
        builder.Services.AddOpenApi("v1", options =>
        {
            options.AddDocumentTransformer((document, _, _) =>
            {
                document.Info = new() { Title = "CodeAgent", Version = "v1", Description = "Coding tasks against git repositories." };
                document.Components ??= new();
                document.Components.SecuritySchemes ??= new Dictionary<string, IOpenApiSecurityScheme>();
                document.Components.SecuritySchemes[Scheme] = new OpenApiSecurityScheme
                {
                    Type = SecuritySchemeType.Http,
                    Scheme = "bearer",
                    Description = "An API key, a worker key, the token of a lease, or a JWT of an issuer that config/api.yaml names.",
                };
                return Task.CompletedTask;
            });
            options.AddOperationTransformer((operation, context, _) =>
            {
                operation.Security = [new() { [new OpenApiSecuritySchemeReference(Scheme, context.Document)] = [] }];
                operation.Responses ??= [];
                operation.Responses.TryAdd("401", new OpenApiResponse { Description = "There is no key, or one that is not known." });
                return Task.CompletedTask;
            });
        });
        return builder;
    }

    /// <summary>Maps <c>/openapi/v1.json</c> and <c>/scalar</c>, for everybody: they hold no secrets.</summary>
    public static WebApplication MapDocumentation(this WebApplication app)
    {
        app.MapOpenApi().AllowAnonymous();
        app.MapScalarApiReference(scalar => scalar.WithTitle("CodeAgent").DisableDefaultFonts()).AllowAnonymous();
        return app;
    }
}
