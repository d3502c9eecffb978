using Microsoft.OpenApi;

namespace CodeAgent.Api.Idempotency;

internal static class IdempotencyExtensions
{
    /// <summary>Adds what <see cref="WithIdempotency{TBuilder}"/> needs.</summary>
    public static WebApplicationBuilder AddIdempotency(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IdempotencyFilter>();
        return builder;
    }

    /// <summary>
    /// Lets the requests to these endpoints be repeated under their <c>Idempotency-Key</c>. The endpoints see to it that a
    /// repetition of a request that was cut off changes nothing twice: by <see cref="IdempotentRequestExtensions.Idempotent"/>.
    /// </summary>
    public static TBuilder WithIdempotency<TBuilder>(this TBuilder endpoints)
        where TBuilder : IEndpointConventionBuilder
    {
        endpoints.AddEndpointFilter((context, next) => context.HttpContext.Request.Headers.ContainsKey(IdempotencyKey.Header)
            ? context.HttpContext.RequestServices.GetRequiredService<IdempotencyFilter>().InvokeAsync(context, next)
            : next(context));
        endpoints.AddOpenApiOperationTransformer((operation, _, _) =>
        {
            operation.Parameters ??= [];
            operation.Parameters.Add(new OpenApiParameter
            {
                Name = IdempotencyKey.Header,
                In = ParameterLocation.Header,
                Description = "Names this request, so that it can be repeated safely: a repetition gets the answer that was given, and the header Idempotent-Replayed. "
                    + "A string of 1 to 255 visible ASCII characters, best a fresh UUID. 409 while the first is being answered, 422 for another request.",
                Schema = new OpenApiSchema { Type = JsonSchemaType.String, MaxLength = 257 },
            });
            operation.Responses ??= [];
            operation.Responses.TryAdd("409", new OpenApiResponse { Description = "The request with this Idempotency-Key is being answered just now." });
            operation.Responses.TryAdd("422", new OpenApiResponse { Description = "The Idempotency-Key was used for another request." });
            return Task.CompletedTask;
        });
        return endpoints;
    }
}
