using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.OpenCode;

/// <summary>OpenCode, measured at 1.18.33.</summary>
internal sealed class OpenCodeAdapter : ICliAdapter
{
    private const string Provider = "gateway";
    private const int UsualContext = 200_000;
    private const int MostOutput = 16_000;

    public string Name => AgentNames.OpenCode;

    public string Command => "opencode";

    // It tells of a tool when that is over: a build is half an hour without a word.
    public TimeSpan Silence => TimeSpan.FromMinutes(30);

    // A database, which is in use while it runs, and names the folder in many places.
    public string? SessionFolder(string workspace) => null;

    public ICliEvents Events() => new OpenCodeEvents();

    public TaskFailure? Judge(CliOutcome outcome) => OpenCodeVerdict.Of(outcome);

    // A prompt that is an argument it puts into quotes of its own; one on its standard input it takes as it is. That a call
    // failed and is tried again, for more than a minute, it says only in its log.
    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "run", "--format", "json", "--auto", "--print-logs", "--log-level", "ERROR", "-m", $"{Provider}/{turn.Model}",
            .. turn.Session is { } session ? ["-s", session] : Array.Empty<string>(),
        ],
        Environment = new Dictionary<string, string>
        {
            ["OPENCODE_DISABLE_AUTOUPDATE"] = "1",
            ["OPENCODE_DISABLE_MODELS_FETCH"] = "1",
        },
        Files = new Dictionary<string, string> { [Path.Combine(".config", "opencode", "opencode.json")] = Config(turn) },
        Input = turn.Prompt,
    };

    // What is left for the answer it takes off the context before it makes a summary.
    private static object Limit(int context) => new { context, output = Math.Min(MostOutput, context / 4) };

    private static string Config(CliTurn turn) => JsonSerializer.Serialize(new
    {
        provider = new Dictionary<string, object>
        {
            [Provider] = new
            {
                npm = "@ai-sdk/openai-compatible",
                options = new { baseURL = $"{turn.Gateway}/v1", apiKey = turn.Key },
                models = new Dictionary<string, object> { [turn.Model] = new { limit = Limit(turn.ContextWindow ?? UsualContext) } },
            },
        },
        small_model = $"{Provider}/{turn.Model}",
        snapshot = false,
        autoupdate = false,
    });
}
