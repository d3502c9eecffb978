using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Qwen;

/// <summary>Qwen Code, measured at 0.15.10.</summary>
internal sealed partial class QwenAdapter : ICliAdapter
{
    public string Name => AgentNames.Qwen;

    public string Command => "qwen";

    public string SessionFolder(string workspace) => Path.Combine(".qwen", "projects", NoName().Replace(workspace, "-"));

    public ICliEvents Events() => new QwenEvents();

    public TaskFailure? Judge(CliOutcome outcome) => QwenVerdict.Of(outcome);

    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "--auth-type", "openai", "-m", turn.Model, "-y", "-o", "stream-json",
            "--max-session-turns", turn.TurnsLeft.ToString(CultureInfo.InvariantCulture),
            .. turn.Session is { } session ? ["--resume", session] : Array.Empty<string>(),
        ],

        // Not as arguments, which every process can read.
        Environment = new Dictionary<string, string>
        {
            ["OPENAI_API_KEY"] = turn.Key,
            ["OPENAI_BASE_URL"] = $"{turn.Gateway}/v1",
        },
        Files = new Dictionary<string, string>
        {
            // The gateway has tried again already. Qwen itself does so seven times in a minute or two, whatever is set here; with more
            // than none it also waits a minute after each 429, and says nothing of it.
            [Path.Combine(".qwen", "settings.json")] =
                """{"general":{"enableAutoUpdate":false},"privacy":{"usageStatisticsEnabled":false},"model":{"generationConfig":{"maxRetries":0}}}""",
        },
        Input = turn.Prompt,
    };

    [GeneratedRegex("[^a-zA-Z0-9]")]
    private static partial Regex NoName();
}
