using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.Idempotency;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Operations;

internal static class OperationsEndpoints
{
    public static WebApplicationBuilder AddOperations(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<OperationsOptions>().BindConfiguration(OperationsOptions.Section)
            .Validate(options => options.Grace >= TimeSpan.Zero && options.Grace <= TimeSpan.FromHours(1), "Operations:Grace is 0 to 1 hour.")
            .ValidateOnStart();
        builder.Services.AddSingleton<OperationsStore>();
        builder.Services.AddSingleton<OperationsWatch>();
        builder.Services.AddHostedService(services => services.GetRequiredService<OperationsWatch>());
        builder.Services.AddHostedService<Presence>();
        return builder;
    }

    public static WebApplication MapOperations(this WebApplication app)
    {
        var operations = app.MapGroup("/v1/operations").WithTags("Operations").RequireAuthorization(Scopes.Operate).WithQuery().WithIdempotency()
            .ProducesProblem(StatusCodes.Status403Forbidden);
        operations.MapPost("/drain", DrainAsync).WithSummary("Stop giving tasks to workers, and have those back that they have")
            .WithDescription("Agents finish their turn, if that takes no longer than half a minute. What waits stays in the queue. In force until it is resumed, whatever is started again meanwhile.");
        operations.MapPost("/resume", ResumeAsync).WithSummary("Give tasks to workers again");
        operations.MapPost("/restart", RestartAsync).WithSummary("Have every agent begin afresh after its turn")
            .WithDescription("Workers give their tasks back after the turn that runs, and claim them again. A stopped system is resumed.");
        return app;
    }

    /// <summary>Who operates: tenants share the system, so none of them stops it for the others.</summary>
    /// <exception cref="ProblemException">403 where the caller belongs to a tenant.</exception>
    public static string Operator(this ClaimsPrincipal caller) => caller.Tenant() is null ? caller.Name()
        : throw new ProblemException("forbidden", StatusCodes.Status403Forbidden, "The system is everybody's: a key of a tenant does not stop or start it.");

    private static async Task<Ok<OperationsView>> DrainAsync(HttpRequest http, ClaimsPrincipal caller, OperationsStore operations)
    {
        await operations.StopAsync(caller.Operator(), http.Idempotent());
        return TypedResults.Ok(await operations.ViewAsync());
    }

    private static async Task<Ok<OperationsView>> ResumeAsync(HttpRequest http, ClaimsPrincipal caller, OperationsStore operations)
    {
        _ = caller.Operator();
        await operations.ResumeAsync(http.Idempotent());
        return TypedResults.Ok(await operations.ViewAsync());
    }

    private static async Task<Ok<OperationsView>> RestartAsync(HttpRequest http, ClaimsPrincipal caller, OperationsStore operations)
    {
        _ = caller.Operator();
        await operations.RestartAsync(http.Idempotent());
        return TypedResults.Ok(await operations.ViewAsync());
    }
}
