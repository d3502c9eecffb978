using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Gemini;

/// <summary>Google's Gemini CLI, measured at 0.61.0.</summary>
internal sealed class GeminiAdapter : ICliAdapter
{
    private const string Root = ".gemini";

    public string Name => AgentNames.Gemini;

    public string Command => "gemini";

    // It gives every folder that it works in a short name, and keeps which is which.
    public string SessionFolder(string workspace) => Path.Combine(Root, "tmp", ShortName(workspace), "chats");

    public ICliEvents Events() => new GeminiEvents();

    public TaskFailure? Judge(CliOutcome outcome) => GeminiVerdict.Of(outcome);

    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "-m", turn.Model, "-y", "-o", "stream-json",
            .. turn.Session is { } session ? ["--resume", session] : Array.Empty<string>(),
        ],
        Environment = new Dictionary<string, string>
        {
            ["GEMINI_API_KEY"] = turn.Key,
            ["GOOGLE_GEMINI_BASE_URL"] = turn.Gateway,
            ["GEMINI_CLI_TRUST_WORKSPACE"] = "true",
        },
        Files = new Dictionary<string, string>
        {
            // Without the selected type it exits with 41.
            [Path.Combine(Root, "settings.json")] =
                """{"security":{"auth":{"selectedType":"gemini-api-key"}},"general":{"enableAutoUpdate":false},"privacy":{"usageStatisticsEnabled":false}}""",
            [Path.Combine(Root, "projects.json")] =
                JsonSerializer.Serialize(new { projects = new Dictionary<string, string> { [turn.Workspace] = ShortName(turn.Workspace) } }),
            [Path.Combine(Root, "tmp", ShortName(turn.Workspace), ".project_root")] = turn.Workspace,
            [Path.Combine(Root, "history", ShortName(turn.Workspace), ".project_root")] = turn.Workspace,
        },
        Input = turn.Prompt,
    };

    private static string ShortName(string workspace) => Path.GetFileName(workspace);
}
