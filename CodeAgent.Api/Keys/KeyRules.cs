using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Keys;

/// <summary>Which keys may be made, and by whom.</summary>
internal static class KeyRules
{
    private const int LongestName = 100;
    private const int LongestGrace = 30 * 24 * 60 * 60;

    /// <summary>What an admin may give without having it: the scopes of the worker and of the gateway open nothing that an admin key does.</summary>
    private static readonly string[] AlwaysGivable = [Scopes.Work, Scopes.Models, Scopes.Gateway];

    /// <summary>Checks a request against the rules.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="held">The scopes of who asks.</param>
    /// <param name="tenant">The tenant of who asks; null for the house itself.</param>
    /// <param name="now">When this is.</param>
    /// <exception cref="ProblemException">400 where the request is wrong in itself, 403 where it asks for more than <paramref name="held"/>, or for another tenant.</exception>
    public static void Require(KeyRequest request, IReadOnlySet<string> held, string? tenant, DateTimeOffset now)
    {
        if (request.Name.Length > LongestName || string.IsNullOrWhiteSpace(request.Name) || request.Name.Any(char.IsControl))
        {
            throw Wrong("invalid-field", StatusCodes.Status400BadRequest, "name",
                $"A key's name has 1 to {LongestName} characters, not all of them spaces and none of them a control character.");
        }

        if (request.Scopes.Count == 0)
        {
            throw Wrong("invalid-field", StatusCodes.Status400BadRequest, "scopes", $"A key needs at least one scope of: {Names(Scopes.All)}.");
        }

        if (request.Scopes.Except(Scopes.All).ToList() is { Count: > 0 } unknown)
        {
            throw Wrong("unknown-scope", StatusCodes.Status400BadRequest, "scopes", $"There is no scope '{unknown[0]}'; there are: {Names(Scopes.All)}.");
        }

        if (request.Tenant is not null && !TenantName.IsValid(request.Tenant))
        {
            throw Wrong("invalid-field", StatusCodes.Status400BadRequest, "tenant", TenantName.Rule);
        }

        if (tenant is not null && request.Tenant is not null && request.Tenant != tenant)
        {
            throw Wrong("tenant-not-held", StatusCodes.Status403Forbidden, "tenant", $"Your own key is one of '{tenant}', so it makes keys of '{tenant}' alone.");
        }

        if ((request.Tenant ?? tenant) is not null && request.Scopes.Intersect(Scopes.OfTheHouse).ToList() is { Count: > 0 } shared)
        {
            throw Wrong("scope-of-the-house", StatusCodes.Status400BadRequest, "scopes", $"A key of a tenant cannot have {Names(shared)}: that concerns all tenants.");
        }

        if (request.ExpiresAt <= now)
        {
            throw Wrong("invalid-field", StatusCodes.Status400BadRequest, "expiresAt", "The key would have expired by now: expiresAt is a time to come, such as 2030-01-31T12:00:00Z.");
        }

        RequireHeld(request.Scopes, held);
    }

    /// <summary>Checks whether a key may get a new secret, which whoever asks will have.</summary>
    /// <exception cref="ProblemException">400 where the request is wrong in itself, 403 where the key may do more than <paramref name="held"/>, 409 where it has expired.</exception>
    public static void Require(RotateRequest request, KeyRecord key, IReadOnlySet<string> held, DateTimeOffset now)
    {
        if (request.GraceSeconds is < 0 or > LongestGrace)
        {
            throw Wrong("invalid-field", StatusCodes.Status400BadRequest, "graceSeconds", $"graceSeconds is 0 to {LongestGrace}.");
        }

        RequireHeld(key.Scopes, held);
        if (key.ExpiresAt <= now)
        {
            throw new ProblemException("key-expired", StatusCodes.Status409Conflict, "The key has expired; a new secret would open nothing. Make a new key.");
        }
    }

    private static void RequireHeld(IReadOnlyList<string> scopes, IReadOnlySet<string> held)
    {
        if (scopes.Except(held).Except(AlwaysGivable).ToList() is { Count: > 0 } lacking)
        {
            throw Wrong("scope-not-held", StatusCodes.Status403Forbidden, "scopes",
                $"Your own key lacks {Names(lacking)}, so it cannot give that. It can give: {Names(held.Union(AlwaysGivable))}.");
        }
    }

    private static string Names(IEnumerable<string> scopes) => string.Join(", ", scopes.Order(StringComparer.Ordinal));

    private static ProblemException Wrong(string type, int status, string field, string detail) => new(type, status, detail) { Field = field };
}
