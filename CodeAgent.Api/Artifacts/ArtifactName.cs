using System.Text.RegularExpressions;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Artifacts;

/// <summary>The names that artifacts may have: they are part of addresses and of file names.</summary>
internal static partial class ArtifactName
{
    /// <summary>Artifacts whose names begin so are between the workers only.</summary>
    public const string InternalPrefix = "checkpoint";

    public static bool IsInternal(string name) => name.StartsWith(InternalPrefix, StringComparison.OrdinalIgnoreCase);

    /// <exception cref="ProblemException">400 where <paramref name="name"/> is not allowed.</exception>
    public static void Require(string name)
    {
        if (!Allowed().IsMatch(name))
        {
            throw new ProblemException("invalid-artifact-name", StatusCodes.Status400BadRequest,
                "An artifact's name has 1 to 100 letters (a to z), digits, dots, dashes and underscores, and does not begin with a dot.")
            {
                Field = "name",
            };
        }
    }

    // \z rather than $, which would let a line feed at the end through.
    [GeneratedRegex(@"^[A-Za-z0-9_-][A-Za-z0-9._-]{0,99}\z", RegexOptions.CultureInvariant)]
    private static partial Regex Allowed();
}
