using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Admin;

/// <summary>Who may look after the gateway: keys with the scope for it, and admins; of the house, since its books and keys are those of all tenants.</summary>
internal static class AdminAccess
{
    public const string Policy = "look after the gateway";

    public static void AddAdminAccess(this WebApplicationBuilder builder) =>
        builder.Services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.RequireScope(Scopes.Gateway, Scopes.Admin));

    /// <summary>Lets only these query parameters through: a misspelt one must not pass for none.</summary>
    public static RouteHandlerBuilder WithQuery(this RouteHandlerBuilder endpoint, params string[] names) =>
        endpoint.AddEndpointFilter((context, next) =>
            context.HttpContext.Request.Query.Keys.FirstOrDefault(key => !names.Contains(key)) is { } unknown
                ? throw new ProblemException("unknown-parameter", StatusCodes.Status400BadRequest,
                    $"There is no query parameter '{unknown}' here; there {(names.Length == 0 ? "are none" : $"is: {string.Join(", ", names)}")}.")
                { Field = unknown }
                : next(context));
}
