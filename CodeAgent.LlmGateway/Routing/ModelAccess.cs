using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>Who may call models: keys with the scope for it, and tasks while their lease holds.</summary>
internal static class ModelAccess
{
    public const string Policy = "call models";

    public static void AddModelAccess(this WebApplicationBuilder builder) =>
        builder.Services.AddAuthorizationBuilder().AddPolicy(Policy, policy => policy.RequireClaim(CallerClaims.Scope, Scopes.Models, Scopes.Lease));
}
