using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Configuration;

/// <summary>How a worker runs a coding CLI.</summary>
internal sealed class CliOptions
{
    /// <summary>The agents that are coding CLIs.</summary>
    public static readonly IReadOnlyList<string> Names =
        [AgentNames.Codex, AgentNames.Claude, AgentNames.OpenCode, AgentNames.Gemini, AgentNames.Qwen, AgentNames.Cursor, AgentNames.Aider];

    private static readonly TimeSpan Least = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Most = TimeSpan.FromHours(2);

    /// <summary>The program: a name on the PATH, or a path. The CLI's own name by default.</summary>
    public string? Command { get; set; }

    /// <summary>The version that it is expected to have, for people: it is said in the worker's log.</summary>
    public string? Version { get; set; }

    /// <summary>Environment variables for it alone, besides those of all commands, such as a key of its own: <c>${CURSOR_API_KEY}</c>.</summary>
    public Dictionary<string, ConfigText> Environment { get; set; } = [];

    /// <summary>How long it may print nothing, no tool being at work that it told of, before it counts as hung. 1 s to 2 h; by default 10 min, for OpenCode, which tells of tools when they are over, 30 min.</summary>
    public TimeSpan? Silence { get; set; }

    /// <summary>How long a model that fails may be asked again and again before that ends the task. 1 s to 2 h, 30 s by default: the gateway has tried again before.</summary>
    public TimeSpan RetryFor { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long it is waited for after its last event before it is ended. 1 s to 2 h, 5 s by default; 12 times as long for OpenCode, which may go on after what looks like its last event.</summary>
    public TimeSpan Linger { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>Checkpoints are at least this far apart while it runs. 1 s to 2 h, 10 s by default.</summary>
    public TimeSpan CheckpointEvery { get; set; } = TimeSpan.FromSeconds(10);

    public static void Validate(CliOptions options, string field, ConfigProblems problems)
    {
        problems.Require(options.Command is null || !string.IsNullOrWhiteSpace(options.Command), $"{field}.command", "the name or path of a program");
        problems.Require(options.Environment.Keys.All(name => name.Length > 0 && !name.Contains('=')), $"{field}.environment", "names of variables and their values");
        foreach (var (name, value) in (IEnumerable<(string, TimeSpan)>)[("silence", options.Silence ?? Least), ("retryFor", options.RetryFor), ("linger", options.Linger), ("checkpointEvery", options.CheckpointEvery)])
        {
            problems.Require(value >= Least && value <= Most, $"{field}.{name}", "1s to 2h");
        }
    }
}
