namespace CodeAgent.Contracts;

/// <summary>
/// What the agent's tools may do, by rules such as <c>run:git push*</c>, <c>read:**/.env*</c>, <c>write:infra/**</c> and <c>tool:github__*</c>. Deny
/// beats ask, and ask beats allow. Where there are allow rules of a kind, whatever none of them matches is denied; without
/// any, everything else is allowed. A task's rules and the worker's own must both be content.
/// </summary>
public sealed record ApprovalRules
{
    /// <summary>What is allowed. At most 100 rules.</summary>
    public IReadOnlyList<string> Allow { get; set; } = [];

    /// <summary>What a person must approve each time. At most 100 rules.</summary>
    public IReadOnlyList<string> Ask { get; set; } = [];

    /// <summary>What is not carried out. At most 100 rules.</summary>
    public IReadOnlyList<string> Deny { get; set; } = [];

    /// <summary>Whether there is any rule.</summary>
    internal bool Any => Allow.Count + Ask.Count + Deny.Count > 0;
}

/// <summary>What a rule is about.</summary>
internal enum RuleKind
{
    /// <summary>Shell commands.</summary>
    Run,

    /// <summary>Files whose content the agent gets to see.</summary>
    Read,

    /// <summary>Files that are made, changed or removed.</summary>
    Write,

    /// <summary>Tools of MCP servers.</summary>
    Tool,
}

/// <summary>One rule.</summary>
/// <param name="Kind">What it is about.</param>
/// <param name="Pattern">What it matches.</param>
internal sealed record ApprovalRule(RuleKind Kind, string Pattern)
{
    /// <summary>Most rules of a list.</summary>
    public const int Most = 100;

    /// <summary>What a rule looks like, for people.</summary>
    public const string Form = "A rule is run:PATTERN, read:PATTERN, write:PATTERN or tool:PATTERN, such as run:git push*, read:**/.env*, write:infra/** or tool:github__*; a path has no leading slash and no '..'. At most 1,000 characters.";

    private const int Longest = 1000;

    /// <summary>The rule; none where it is not written as one.</summary>
    public static ApprovalRule? TryParse(string? text)
    {
        var colon = text?.IndexOf(':', StringComparison.Ordinal) ?? -1;
        if (colon < 0 || text!.Length > Longest)
        {
            return null;
        }

        RuleKind? kind = text[..colon] switch { "run" => RuleKind.Run, "read" => RuleKind.Read, "write" => RuleKind.Write, "tool" => RuleKind.Tool, _ => null };
        var pattern = text[(colon + 1)..].Trim();
        var right = pattern.Length > 0 && !pattern.Any(char.IsControl) && (kind is RuleKind.Run or RuleKind.Tool || (pattern[0] != '/' && !pattern.Split('/').Contains("..")));
        return kind is { } known && right ? new(known, pattern) : null;
    }
}
