using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Cursor;

/// <summary>Cursor's CLI, as it is documented. Its key, <c>CURSOR_API_KEY</c>, is set in the agent's environment in <c>config/worker.yaml</c>.</summary>
internal sealed class CursorAdapter : ICliAdapter
{
    // Linux takes no argument longer than 128 KiB.
    private const int LongestArgument = 30_000;

    public string Name => AgentNames.Cursor;

    public string Command => "cursor-agent";

    public string Note => "Cursor's CLI cannot be pointed at another model server: its model calls go to Cursor, not through the gateway, whose budgets and prices do not count for it.";

    public bool UsesGateway => false;

    public string? SessionFolder(string workspace) => null;

    public ICliEvents Events() => new CursorEvents();

    public TaskFailure? Judge(CliOutcome outcome) => CursorVerdict.Of(outcome);

    // Parallel starts race on its configuration file, which is in its home: each task has its own. It prints nothing before its
    // standard input has ended.
    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "-p", "--output-format", "stream-json", "--force", "--trust", "--workspace", turn.Workspace,
            .. turn.Model == CliAgent.DefaultModel ? Array.Empty<string>() : ["--model", turn.Model],
            .. turn.Session is { } session ? ["--resume", session] : Array.Empty<string>(),
            "--", turn.Prompt.Length <= LongestArgument ? turn.Prompt : $"What you are to do is in the file {Path.Combine(turn.Home, CliAgent.InputFile)}. Read it, and do it.",
        ],
        Environment = new Dictionary<string, string> { ["CURSOR_CONFIG_DIR"] = Path.Combine(turn.Home, ".cursor") },
        Input = turn.Prompt.Length <= LongestArgument ? "" : turn.Prompt,
    };
}
