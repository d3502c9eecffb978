using System.Text.RegularExpressions;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>The names that tenants may have: they are part of keys in Redis.</summary>
public static partial class TenantName
{
    /// <summary>What a name must be, for people.</summary>
    public const string Rule = "A tenant's name has 1 to 63 characters of a to z, 0 to 9 and -.";

    /// <summary>Whether a tenant may have this name.</summary>
    public static bool IsValid(string name) => Allowed().IsMatch(name);

    // \z rather than $, which would let a line feed at the end through.
    [GeneratedRegex(@"^[a-z0-9-]{1,63}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
