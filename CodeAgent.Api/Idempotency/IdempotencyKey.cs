using System.Text.RegularExpressions;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Primitives;

namespace CodeAgent.Api.Idempotency;

/// <summary>
/// The header <c>Idempotency-Key</c> of draft-ietf-httpapi-idempotency-key-header: a string of RFC 9651, as in <c>"8e03978e"</c>.
/// Most clients leave the quotes out, so a bare value is the same key.
/// </summary>
internal static partial class IdempotencyKey
{
    public const string Header = "Idempotency-Key";
    private const int Longest = 255;

    /// <exception cref="ProblemException">400 where it is no key.</exception>
    public static string Parse(StringValues values)
    {
        var text = values.Count == 1 ? values.ToString().Trim(' ') : "";
        var key = Quoted().IsMatch(text) ? Escape().Replace(text[1..^1], "$1") : Bare().IsMatch(text) ? text : "";
        return key.Length is > 0 and <= Longest ? key : throw new ProblemException("invalid-idempotency-key", StatusCodes.Status400BadRequest,
            $"""An {Header} is one string of 1 to {Longest} visible ASCII characters, best a fresh UUID: {Header}: "8e03978e-40d5-43dd-bc93-6894a57f9324".""")
        { Field = Header };
    }

    [GeneratedRegex("""^"(?:[ !#-\[\]-~]|\\["\\])*"\z""")]
    private static partial Regex Quoted();

    [GeneratedRegex("""\\(["\\])""")]
    private static partial Regex Escape();

    // Without what has a meaning in a header: quotes, commas, semicolons, backslashes.
    [GeneratedRegex("""^(?:(?![",;\\])[!-~])+\z""")]
    private static partial Regex Bare();
}
