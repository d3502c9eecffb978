using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Approvals;

/// <summary>What comes of a call.</summary>
internal enum Ruling
{
    /// <summary>It is carried out.</summary>
    Allow,

    /// <summary>A person must approve it.</summary>
    Ask,

    /// <summary>It is not carried out.</summary>
    Deny,
}

/// <summary>What comes of a call, and of which rule.</summary>
/// <param name="Ruling">What comes of it.</param>
/// <param name="Rule">The rule, with where it stands; empty where it is allowed.</param>
internal readonly record struct Verdict(Ruling Ruling, string Rule);

/// <summary>The rules of the worker and of a task. The worker's stand on their own: a task can only be stricter.</summary>
internal sealed partial class ApprovalPolicy
{
    private static readonly Verdict Allowed = new(Ruling.Allow, "");
    private readonly List<Source> _sources = [];

    /// <summary>Everything is allowed.</summary>
    public static ApprovalPolicy None { get; } = new();

    /// <summary>Whether there is any rule.</summary>
    public bool HasRules => _sources.Count > 0;

    /// <summary>The rules together.</summary>
    /// <param name="worker">The worker's.</param>
    /// <param name="task">The task's.</param>
    public static ApprovalPolicy Of(ApprovalRules worker, ApprovalRules? task)
    {
        var policy = new ApprovalPolicy();
        policy.Add(worker, "config/worker.yaml");
        policy.Add(task ?? new(), "the task");
        return policy;
    }

    /// <summary>Whether a shell line may be run.</summary>
    public Verdict Run(string line)
    {
        var pieces = ShellPieces.Of(line);
        return Judge(RuleKind.Run,
            [line.Trim(), .. pieces.SelectMany(ShellPieces.Faces)],
            rules => rules.Count == 0 || pieces.All(piece => rules.Any(rule => rule.Matches(piece))));
    }

    /// <summary>Whether a file may be read or written.</summary>
    /// <param name="kind">Which of the two.</param>
    /// <param name="path">The file, from the workspace's root.</param>
    public Verdict File(RuleKind kind, string path)
    {
        // A rule for a folder holds for what is in it.
        var parts = path.Split('/');
        string[] faces = [.. Enumerable.Range(1, parts.Length).Select(count => string.Join('/', parts[..count]))];
        return Judge(kind, faces, rules => rules.Count == 0 || rules.Any(rule => faces.Any(rule.Matches)));
    }

    /// <summary>Whether a tool of an MCP server may be called.</summary>
    /// <param name="name">Its name as the model knows it: NAME__TOOL.</param>
    public Verdict Tool(string name) => Judge(RuleKind.Tool, [name], rules => rules.Count == 0 || rules.Any(rule => rule.Matches(name)));

    private Verdict Judge(RuleKind kind, IReadOnlyList<string> faces, Func<List<Compiled>, bool> isAllowed)
    {
        foreach (var source in _sources)
        {
            if (source.Deny.Find(rule => rule.Kind == kind && faces.Any(rule.Matches)) is { } rule)
            {
                return new(Ruling.Deny, $"deny {rule.Text} ({source.Name})");
            }
        }

        foreach (var source in _sources)
        {
            if (source.Ask.Find(rule => rule.Kind == kind && faces.Any(rule.Matches)) is { } rule)
            {
                return new(Ruling.Ask, $"ask {rule.Text} ({source.Name})");
            }
        }

        return _sources.Find(source => !isAllowed(source.Allow.FindAll(rule => rule.Kind == kind))) is { } strict
            ? new(Ruling.Deny, $"allow {string.Join(", ", strict.Allow.Where(rule => rule.Kind == kind).Select(rule => rule.Text))} and nothing else ({strict.Name})")
            : Allowed;
    }

    private void Add(ApprovalRules rules, string name)
    {
        if (rules.Any)
        {
            _sources.Add(new(name, Compile(rules.Allow), Compile(rules.Ask), Compile(rules.Deny)));
        }
    }

    private static List<Compiled> Compile(IReadOnlyList<string> rules) =>
        [.. rules.Select(text => ApprovalRule.TryParse(text) is { } rule ? new Compiled(rule.Kind, text, Expression(rule))
            : throw new TaskFailedException(FailureCodes.WorkerError, $"'{text}' is no rule. {ApprovalRule.Form}"))];

    // Of a command and a tool, * is anything. Of a path, * is anything but a slash, ** anything, and a pattern without a slash holds at any depth.
    private static Regex Expression(ApprovalRule rule)
    {
        var pattern = rule.Pattern.TrimEnd('/');
        var expression = rule.Kind is RuleKind.Run or RuleKind.Tool
            ? Regex.Escape(pattern).Replace("\\*", ".*", StringComparison.Ordinal).Replace("\\ ", " ", StringComparison.Ordinal)
            : (pattern.Contains('/', StringComparison.Ordinal) ? "" : "(?:.*/)?") + Wildcards().Replace(pattern, match => match.Value switch
            {
                "**/" => "(?:.*/)?",
                "**" => ".*",
                "*" => "[^/]*",
                "?" => "[^/]",
                var text => Regex.Escape(text),
            });
        return new($"^(?:{expression})$", RegexOptions.NonBacktracking | RegexOptions.Singleline | RegexOptions.CultureInvariant);
    }

    [GeneratedRegex(@"\*\*/|\*\*|\*|\?|[^*?]+")]
    private static partial Regex Wildcards();

    private sealed record Source(string Name, List<Compiled> Allow, List<Compiled> Ask, List<Compiled> Deny);

    private sealed record Compiled(RuleKind Kind, string Text, Regex Expression)
    {
        public bool Matches(string face) => Expression.IsMatch(face);
    }
}
