using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Admin;

/// <summary>Which keys for models may be made. What could do nothing is refused: whoever asks for it relies on it.</summary>
internal static class KeyRules
{
    private const int LongestName = 100;

    /// <exception cref="ProblemException">400, with the field that is wrong.</exception>
    public static void Require(KeyRequest request, GatewayConfig config, DateTimeOffset now)
    {
        Require(IsName(request.Name), "name", $"A key's name has 1 to {LongestName} characters, not all of them spaces and none of them a control character.");
        Require(request.Tenant is null || IsName(request.Tenant), "tenant",
            $"A tenant's name has 1 to {LongestName} characters, not all of them spaces and none of them a control character.");
        Require(request.Limits != CallLimits.None, "limits", "There is no limit in it; leave it out where there are to be none.");
        foreach (var (field, reason) in request.Limits?.Problems() ?? [])
        {
            Require(false, $"limits.{field}", $"'limits.{field}': {reason}.");
        }

        Require(request.Models is not { Count: 0 }, "models", "A key for no model opens nothing; leave it out where it is for all of them.");
        foreach (var model in request.Models ?? [])
        {
            Require(IsKnown(model, config), "models",
                $"There is no model '{model}'; there are: {string.Join(", ", config.Models.Keys.Prepend(ModelCatalog.Default))}, and PROVIDER/MODEL with a provider of: {string.Join(", ", config.Providers.Keys)}.");
        }

        Require(request.ExpiresAt is null || request.ExpiresAt > now, "expiresAt", "The key would have expired by now.");
    }

    private static bool IsName(string name) => name.Length <= LongestName && !string.IsNullOrWhiteSpace(name) && !name.Any(char.IsControl);

    private static bool IsKnown(string? model, GatewayConfig config) => model is not null
        && (model == ModelCatalog.Default || config.Models.ContainsKey(model)
            || (model.IndexOf('/', StringComparison.Ordinal) is var slash and > 0 && slash < model.Length - 1 && config.Providers.ContainsKey(model[..slash])));

    private static void Require(bool fact, string field, string detail)
    {
        if (!fact)
        {
            throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, detail) { Field = field };
        }
    }
}
