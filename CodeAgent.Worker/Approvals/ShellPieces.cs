using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Approvals;

/// <summary>
/// Takes a shell line apart into the commands that are plainly in it, so that a rule sees each of them. It is no shell: what is
/// in quotes is taken apart too, and what a program makes of its arguments, or a variable hides, is not found. Rules keep an
/// agent from mistakes; what keeps it in is the sandbox.
/// </summary>
internal static partial class ShellPieces
{
    private static readonly string[] Wrappers =
        ["sudo", "env", "command", "exec", "nohup", "time", "nice", "xargs", "then", "do", "else", "if", "while", "until", "!"];

    /// <summary>Every command, with blanks made one.</summary>
    public static IReadOnlyList<string> Of(string line) =>
        [.. Separators().Split(ToFile().Replace(ToStream().Replace(Continued().Replace(line, " "), " "), ";")).Select(piece => Blanks().Replace(piece, " ").Trim(' ', '"', '\'', '{', '}')).Where(piece => piece.Length > 0)];

    /// <summary>The ways in which a command can be meant: as it is, without what only starts another one, without the folder of its program.</summary>
    public static IEnumerable<string> Faces(string command)
    {
        yield return command;
        var bare = command;
        while (Prefix(bare) is { } shorter)
        {
            bare = shorter;
            yield return bare;
        }

        var program = bare.Split(' ', 2);
        if (program[0].LastIndexOf('/') is >= 0 and var slash)
        {
            program[0] = program[0][(slash + 1)..];
            yield return string.Join(' ', program);
        }
    }

    private static string? Prefix(string command)
    {
        var first = command.Split(' ', 2);
        return first.Length == 2 && (Wrappers.Contains(first[0]) || Assignment().IsMatch(first[0])) ? first[1] : null;
    }

    // && || ; | & new lines, substitutions $(…) <(…) `…`, subshells (…).
    [GeneratedRegex(@"[;&|\n\r`()]|\$\(|[<>]\(")]
    private static partial Regex Separators();

    // 2>&1, >&2, 2>&-: the & in it parts nothing.
    [GeneratedRegex(@"(?:(?<![^\s;&|()])\d+)?>&(?:\d+|-)(?![^\s;&|()<>`])")]
    private static partial Regex ToStream();

    // &> log: for one shell a redirection, for another the end of a command and one before the next. In either case the file is no command.
    [GeneratedRegex(@"&>>?[ \t]*[\w./~-]+")]
    private static partial Regex ToFile();

    [GeneratedRegex(@"\\\r?\n")]
    private static partial Regex Continued();

    [GeneratedRegex(@"\s+")]
    private static partial Regex Blanks();

    [GeneratedRegex(@"^[A-Za-z_][A-Za-z0-9_]*=")]
    private static partial Regex Assignment();
}
