using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Aider;

/// <summary>Aider, as it is documented. It prints text alone, and runs no commands without being asked at a terminal.</summary>
internal sealed class AiderAdapter : ICliAdapter
{
    private const string Folder = ".aider-files";

    public string Name => AgentNames.Aider;

    public string Command => "aider";

    public string Note => "Aider tells only what it says, not which tools it uses, and runs no shell commands: what it changed is in the patch.";

    public bool TellsTools => false;

    public string SessionFolder(string workspace) => Folder;

    public ICliEvents Events() => new AiderEvents();

    public TaskFailure? Judge(CliOutcome outcome) => AiderVerdict.Of(outcome);

    // Its own files would otherwise be in the workspace, and so in the patch.
    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "--message-file", Path.Combine(turn.Home, CliAgent.InputFile),
            "--yes-always", "--no-stream", "--no-pretty", "--no-auto-commits", "--no-dirty-commits", "--no-gitignore",
            "--no-check-update", "--no-show-release-notes", "--no-show-model-warnings", "--no-fancy-input", "--analytics-disable",
            "--chat-history-file", Path.Combine(turn.Home, Folder, "chat.md"),
            "--input-history-file", Path.Combine(turn.Home, Folder, "input"),
            "--model", $"openai/{turn.Model}", "--openai-api-base", $"{turn.Gateway}/v1",
            .. turn.Session is null ? Array.Empty<string>() : ["--restore-chat-history"],
        ],
        Environment = new Dictionary<string, string> { ["OPENAI_API_KEY"] = turn.Key },
        Files = new Dictionary<string, string> { [Path.Combine(Folder, "keep")] = "" },
        Input = turn.Prompt,
    };
}
