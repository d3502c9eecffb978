using System.Text.RegularExpressions;

namespace CodeAgent.ServiceDefaults.Secrecy;

/// <summary>How well-known kinds of keys look, by what their makers say of them.</summary>
internal static partial class SecretShapes
{
    /// <summary>Whatever has one of the shapes has one of these in it.</summary>
    public static IReadOnlyList<string> Signs { get; } =
    [
        "sk-", "ghp_", "gho_", "ghu_", "ghs_", "ghr_", "github_pat_", "glpat-", "glptt-", "gldt-", "glrt-", "glcbt-", "glsoat-",
        "xoxa-", "xoxb-", "xoxe-", "xoxo-", "xoxp-", "xoxr-", "xoxs-", "xapp-", "hooks.slack.com/",
        "AKIA", "ASIA", "secret_access_key", "SecretAccessKey", "SECRET_ACCESS_KEY", "AIza", "ya29.", "GOCSPX-", "eyJ", "-----BEGIN ", "ca_", "cat_",
    ];

    // In this order: OpenAI and Anthropic; GitHub; GitLab; Slack; AWS, whose secret has no shape but where it is named; Google; JWT;
    // private keys, to their end where it is there; our own keys and the tokens of leases. The head of a JWT has an end, so that a text
    // full of beginnings without a dot is not read to its end from each of them.
    [GeneratedRegex("""
        (?<![A-Za-z0-9])sk-[A-Za-z0-9_-]{20,}
        |(?<![A-Za-z0-9])gh[pousr]_[A-Za-z0-9]{20,}|github_pat_[A-Za-z0-9_]{22,}
        |(?<![A-Za-z0-9])gl(?:pat|ptt|dt|rt|cbt|soat)-[A-Za-z0-9_.-]{20,}
        |(?<![A-Za-z0-9])(?:xox[abeoprs]|xapp)-[A-Za-z0-9-]{10,}|(?<=hooks\.slack\.com/(?:services|workflows|triggers)/)[A-Za-z0-9/_-]{20,}
        |(?<![A-Za-z0-9])(?:AKIA|ASIA)[A-Z0-9]{16}(?![A-Za-z0-9])
        |(?<=(?i:secret_?access_?key)["']?\s{0,3}[:=]\s{0,3}\\?["']?)[A-Za-z0-9/+=]{40}
        |(?<![A-Za-z0-9])AIza[A-Za-z0-9_-]{35}|(?<![A-Za-z0-9])ya29\.[A-Za-z0-9_-]{20,}|GOCSPX-[A-Za-z0-9_-]{20,}
        |(?<![A-Za-z0-9])eyJ[A-Za-z0-9_-]{10,4096}\.[A-Za-z0-9_-]{10,}\.[A-Za-z0-9_-]*
        |-----BEGIN\ [A-Z0-9\ ]{0,30}PRIVATE\ KEY(?:\ BLOCK)?-----[\s\S]*?(?:-----END\ [A-Z0-9\ ]{0,30}PRIVATE\ KEY(?:\ BLOCK)?-----|\z)
        |(?<![A-Za-z0-9_])ca_[A-Za-z0-9_-]{40,}|(?<![A-Za-z0-9_])cat_[0-9a-f]{32}\.[0-9]{1,19}\.[A-Za-z0-9_-]{40,}
        """, RegexOptions.CultureInvariant | RegexOptions.IgnorePatternWhitespace)]
    public static partial Regex Any();
}
