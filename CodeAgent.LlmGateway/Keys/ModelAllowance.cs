using System.Security.Claims;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Keys;

/// <summary>Which models a key may ask.</summary>
internal static class ModelAllowance
{
    /// <summary>Finds where a name leads, for a caller who may ask it.</summary>
    /// <exception cref="ProblemException">403: the caller's key is for other models, and hears of no others; 404: there is no such model.</exception>
    public static ModelRoute Find(this ModelCatalog catalog, ClaimsPrincipal caller, string asked)
    {
        var models = (caller.Identity as CallerIdentity)?.Key?.Models;
        try
        {
            var route = catalog.Find(asked);
            return Allows(caller, asked, route) ? route : throw NotAllowed(asked, models!);
        }
        catch (ProblemException e) when (models is not null && e.Status == StatusCodes.Status404NotFound)
        {
            // Which others there are, and what they lack, is none of this key's business.
            throw Allows(caller, asked)
                ? new ProblemException(e.Type, e.Status, $"The model '{asked}' cannot be asked: it is not configured, or its provider cannot be used.") { Field = e.Field }
                : NotAllowed(asked, models);
        }
    }

    /// <summary>Whether the caller may ask a model: by the name that was asked for, or by the one it leads to.</summary>
    public static bool Allows(ClaimsPrincipal caller, string asked, ModelRoute route) => Allows(caller, asked) || Allows(caller, route.Model);

    /// <summary>Whether the caller may ask a model, by the name it has here.</summary>
    public static bool Allows(ClaimsPrincipal caller, string model) =>
        caller.Identity is not CallerIdentity { Key.Models: { } models } || models.Contains(model, StringComparer.Ordinal);

    private static ProblemException NotAllowed(string asked, IReadOnlyList<string> models) => new("model-not-allowed", StatusCodes.Status403Forbidden,
        $"This key is not for the model '{asked}'. It is for: {string.Join(", ", models)}.")
    { Field = "model" };
}
