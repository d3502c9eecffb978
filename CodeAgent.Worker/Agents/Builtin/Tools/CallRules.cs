using System.Text;
using System.Text.Json;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Approvals;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Holds calls against the rules: which commands, reads and writes a call stands for, and what the strictest rule says.</summary>
internal sealed partial class CallRules(ApprovalPolicy policy, WorkspacePaths paths)
{
    /// <summary>What comes of a call whose arguments fit.</summary>
    /// <returns>The verdict, and all that it is about: the command, or the paths, one a line.</returns>
    public (Verdict Verdict, string Argument) Judge(ToolCall call)
    {
        if (!policy.HasRules)
        {
            return default;
        }

        var actions = Actions(call).ToList();
        if (actions.Count == 0)
        {
            return default;
        }

        // Who approves the call approves each of them.
        var ruling = actions.Max(action => action.Verdict.Ruling);
        var strictest = actions.Where(action => action.Verdict.Ruling == ruling).ToList();
        return (new(ruling, string.Join("; ", strictest.Select(action => action.Verdict.Rule).Distinct())), string.Join('\n', strictest.Select(action => action.Argument).Distinct()));
    }

    /// <summary>Whether a search may look into a file.</summary>
    public bool MayRead(WorkspacePath file) => policy.File(RuleKind.Read, file.Relative).Ruling == Ruling.Allow;

    private IEnumerable<(Verdict Verdict, string Argument)> Actions(ToolCall call) => call.Name switch
    {
        "run" => [(policy.Run(Text(call, "command")), Text(call, "command"))],
        "read" => Files(call, [Text(call, "path")], RuleKind.Read),
        "search" => Files(call, [Text(call, "path")], RuleKind.Read).Where(_ => File.Exists(Path.Combine(paths.Root.Full, Text(call, "path")))),
        "write" => Files(call, [Text(call, "path")], RuleKind.Write),
        // What does not fit is told with the lines that are there.
        "edit" => Files(call, [Text(call, "path")], RuleKind.Read, RuleKind.Write),
        "patch" => Files(call, [.. Names(Text(call, "patch"))], RuleKind.Read, RuleKind.Write),
        _ when call.Name.Contains("__", StringComparison.Ordinal) => [(policy.Tool(call.Name), $"{call.Name} {call.Arguments.GetRawText()}")],
        _ => [],
    };

    private IEnumerable<(Verdict Verdict, string Argument)> Files(ToolCall call, IReadOnlyList<string> names, params RuleKind[] kinds) =>
        from name in names.Where(name => name.Length > 0)
        from face in Faces(name)
        from kind in kinds
        select (policy.File(kind, face), names.Count == 1 ? name : $"{name} (in a {call.Name})");

    // As it is written, and what it leads to. What leads out of the workspace is refused by the tool itself.
    private string[] Faces(string name)
    {
        try
        {
            var resolved = paths.Resolve(name).Relative;
            var written = string.Join('/', name.Split('/', StringSplitOptions.RemoveEmptyEntries).Where(part => part != "."));
            return written == resolved ? [resolved] : [written, resolved];
        }
        catch (ToolException)
        {
            return [];
        }
    }

    private static string Text(ToolCall call, string argument) =>
        call.Arguments.TryGetProperty(argument, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString()! : "";

    // Every name that a patch may touch: also of files that are moved or copied away from. Lines of its content that look like a
    // header name too much rather than too little.
    private static IEnumerable<string> Names(string patch) =>
        Header().Matches(patch).SelectMany(match =>
        {
            var line = match.Groups["name"].Value;
            var names = line.Split('\t')[0].Trim().Trim('"');
            var plain = match.Groups["git"].Success ? names.Split([" b/", " \"b/"], StringSplitOptions.None).Select((name, place) => place == 0 ? Stripped(name.Trim('"')) : name.Trim('"'))
                : match.Groups["plain"].Success ? [names] : (IEnumerable<string>)[Stripped(names)];
            return plain.Concat(Quoted().Matches(line).Select(quoted => Unquoted(quoted.Groups["name"].Value)).Select(name => match.Groups["plain"].Success ? name : Stripped(name)));
        }).Where(name => name != "null").Distinct();

    // a/src/main.c is src/main.c; the b/ of a second name is gone already.
    private static string Stripped(string name) => name.StartsWith("/dev/", StringComparison.Ordinal) ? "null" : FirstFolder().Replace(name, "");

    // A name in quotes as git reads it: letters after backslashes, and bytes of UTF-8 as octal numbers.
    private static string Unquoted(string name) => Escapes().Replace(name, match => match.Value[1] switch
    {
        >= '0' and <= '3' when match.Length >= 4 => Encoding.UTF8.GetString([.. match.Value.Split('\\', StringSplitOptions.RemoveEmptyEntries).Select(octal => Convert.ToByte(octal, 8))]),
        'a' => "\a",
        'b' => "\b",
        'f' => "\f",
        'n' => "\n",
        'r' => "\r",
        't' => "\t",
        'v' => "\v",
        var itself => $"{itself}",
    });

    [GeneratedRegex("\"(?<name>(?:[^\"\\\\]|\\\\.)*)\"")]
    private static partial Regex Quoted();

    [GeneratedRegex(@"(?:\\[0-3][0-7]{2})+|\\.")]
    private static partial Regex Escapes();

    [GeneratedRegex(@"^(?:(?<git>diff --git )|(?:---|\+\+\+) |(?<plain>(?:(?:rename|copy) (?:from|to)|rename (?:old|new)) ))(?<name>.+?)\r?$", RegexOptions.Multiline)]
    private static partial Regex Header();

    [GeneratedRegex("^[^/]+/")]
    private static partial Regex FirstFolder();
}
