using System.Security.Claims;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Keys;

/// <summary>Which models a key may ask.</summary>
internal static class ModelAllowance
{
    /// <exception cref="ProblemException">403: the caller's key is for other models.</exception>
    public static void Require(ClaimsPrincipal caller, string asked, ModelRoute route)
    {
        if (!Allows(caller, asked, route))
        {
            throw new ProblemException("model-not-allowed", StatusCodes.Status403Forbidden,
                $"This key is not for the model '{asked}'. It is for: {string.Join(", ", ((CallerIdentity)caller.Identity!).Key!.Models!)}.")
            { Field = "model" };
        }
    }

    /// <summary>Whether the caller may ask a model: by the name that was asked for, or by the one it leads to.</summary>
    public static bool Allows(ClaimsPrincipal caller, string asked, ModelRoute route) => Allows(caller, asked) || Allows(caller, route.Model);

    /// <summary>Whether the caller may ask a model, by the name it has here.</summary>
    public static bool Allows(ClaimsPrincipal caller, string model) =>
        caller.Identity is not CallerIdentity { Key.Models: { } models } || models.Contains(model, StringComparer.Ordinal);
}
