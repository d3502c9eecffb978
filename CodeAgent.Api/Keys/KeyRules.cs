using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Keys;

/// <summary>Which keys may be made, and by whom.</summary>
internal static class KeyRules
{
    private const int LongestName = 100;

    /// <summary>What an admin may give without having it: the scopes of the worker and of the gateway open nothing that an admin key does.</summary>
    private static readonly string[] AlwaysGivable = [Scopes.Work, Scopes.Models, Scopes.Gateway];

    /// <summary>Checks a request against the rules.</summary>
    /// <param name="request">What is asked for.</param>
    /// <param name="held">The scopes of who asks.</param>
    /// <exception cref="ProblemException">400 where the request is wrong in itself, 403 where it asks for more than <paramref name="held"/>.</exception>
    public static void Require(KeyRequest request, IReadOnlySet<string> held)
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

        if (request.Scopes.Except(held).Except(AlwaysGivable).ToList() is { Count: > 0 } lacking)
        {
            throw Wrong("scope-not-held", StatusCodes.Status403Forbidden, "scopes",
                $"Your own key lacks {Names(lacking)}, so it cannot give that. It can give: {Names(held.Union(AlwaysGivable))}.");
        }
    }

    private static string Names(IEnumerable<string> scopes) => string.Join(", ", scopes.Order(StringComparer.Ordinal));

    private static ProblemException Wrong(string type, int status, string field, string detail) => new(type, status, detail) { Field = field };
}
