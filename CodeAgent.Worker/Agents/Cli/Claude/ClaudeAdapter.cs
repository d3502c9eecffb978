using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Claude;

/// <summary>Anthropic's Claude Code, measured at 2.1.197.</summary>
internal sealed partial class ClaudeAdapter : ICliAdapter
{
    // Of its model names some are aliases of its own, "default" among them, which is a model of the gateway's. Behind this alias
    // it takes the name that the environment says.
    private const string Alias = "sonnet";

    public string Name => AgentNames.Claude;

    public string Command => "claude";

    // Named after the folder that it works in.
    public string SessionFolder(string workspace) => Path.Combine(".claude", "projects", NoName().Replace(workspace, "-"));

    public ICliEvents Events() => new ClaudeEvents();

    public TaskFailure? Judge(CliOutcome outcome) => ClaudeVerdict.Of(outcome);

    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "-p", "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions", "--model", Alias,
            "--max-turns", turn.TurnsLeft.ToString(CultureInfo.InvariantCulture),

            // A session's id that was used before is refused.
            .. turn.Session is { } session ? ["--resume", session] : (string[])["--session-id", turn.NewSession.ToString()],
        ],
        Environment = new Dictionary<string, string>
        {
            ["ANTHROPIC_BASE_URL"] = turn.Gateway,
            ["ANTHROPIC_API_KEY"] = turn.Key,
            ["ANTHROPIC_DEFAULT_SONNET_MODEL"] = turn.Model,
            ["ANTHROPIC_DEFAULT_OPUS_MODEL"] = turn.Model,
            ["ANTHROPIC_DEFAULT_HAIKU_MODEL"] = turn.Model,
            ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
            ["CLAUDE_CODE_MAX_RETRIES"] = "3",
            ["DISABLE_TELEMETRY"] = "1",
            ["DISABLE_AUTOUPDATER"] = "1",

            // Without it, it does not start as root without asking for permissions.
            ["IS_SANDBOX"] = "1",
        },
        Input = turn.Prompt,
    };

    [GeneratedRegex("[^a-zA-Z0-9]")]
    private static partial Regex NoName();
}
