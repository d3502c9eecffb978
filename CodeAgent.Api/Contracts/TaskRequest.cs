using System.Text.Json.Serialization;

namespace CodeAgent.Contracts;

/// <summary>What a client asks for with <c>POST /v1/tasks</c>. Only <see cref="Prompt"/> is required.</summary>
public sealed record TaskRequest
{
    /// <summary>What is to be done, in words; for the <c>command</c> agent, the shell script itself. 1 to 1,000,000 characters.</summary>
    public required string Prompt { get; init; }

    /// <summary>The pipeline that the task goes through, as <c>config/pipelines.yaml</c> names it; <c>direct</c> is the task alone.</summary>
    public string Type { get; set; } = "direct";

    /// <summary>The repository to work on. Without one the workspace is an empty one.</summary>
    public RepositoryRequest? Repository { get; set; }

    /// <summary>Who does the work.</summary>
    public AgentRequest Agent { get; set; } = new();

    /// <summary>What its programs are kept in. The worker's choice where it is left out.</summary>
    public SandboxRequest? Sandbox { get; set; }

    /// <summary>Shell commands that must all exit with 0 in the workspace before the task may succeed. At most 20.</summary>
    public IReadOnlyList<string> Checks { get; set; } = [];

    /// <summary>Which files that the work leaves are read as test reports, and which are kept.</summary>
    public ResultsRequest Results { get; set; } = new();

    /// <summary>How the result is handed over.</summary>
    public DeliveryRequest Delivery { get; set; } = new();

    /// <summary>What the agent's tools may do. The built-in agent alone can be held to rules.</summary>
    public ApprovalRules Approvals { get; set; } = new();

    /// <summary>Where the task stops, done or not.</summary>
    public TaskLimits Limits { get; set; } = new();

    /// <summary>Higher goes first. -100 to 100, 0 by default.</summary>
    public int Priority { get; set; }

    /// <summary>Free labels to find the task by. At most 20; keys up to 63 characters, values up to 255.</summary>
    public IReadOnlyDictionary<string, string> Labels { get; set; } = new Dictionary<string, string>();

    /// <summary>An address, <c>https://…</c>, that is told, signed, when the task waits for an answer, succeeded, failed or was canceled.</summary>
    public string? Callback { get; set; }
}

/// <summary>The repository of a task.</summary>
public sealed record RepositoryRequest
{
    /// <summary><c>https://…</c>, <c>ssh://…</c>, <c>git@host:path</c>, or <c>file:///…</c> where configuration allows the folder. Never with credentials in it.</summary>
    public required string Url { get; init; }

    /// <summary>A branch, a tag or a full commit id. The repository's default branch where it is left out.</summary>
    public string? Ref { get; set; }

    /// <summary>Whether the files of its submodules are there too, at the commits that it names. What is changed in them is not delivered.</summary>
    public bool Submodules { get; set; }

    /// <summary>Only these folders are there, besides the files beside them and above them. At most 100; all of it where there are none.</summary>
    public IReadOnlyList<string> Sparse { get; set; } = [];

    /// <summary>How many commits of the history are fetched, 1 to 1,000,000. All of it where it is left out.</summary>
    public int? Depth { get; set; }

    /// <summary>Whether of the files only those contents are fetched that are checked out, and no earlier ones. Where the server cannot do that, all are.</summary>
    public bool Partial { get; set; }
}

/// <summary>The agent of a task.</summary>
public sealed record AgentRequest
{
    /// <summary>One of <see cref="AgentNames"/>.</summary>
    public string Name { get; set; } = AgentNames.Builtin;

    /// <summary>The model, as the gateway names it. The gateway's <c>default</c> where it is left out.</summary>
    public string? Model { get; set; }
}

/// <summary>The agents that tasks can name.</summary>
public static class AgentNames
{
    /// <summary>The agent that is part of the worker.</summary>
    public const string Builtin = "builtin";

    /// <summary>The prompt is a shell script; no model is asked.</summary>
    public const string Command = "command";

    /// <summary>OpenAI's Codex CLI.</summary>
    public const string Codex = "codex";

    /// <summary>Anthropic's Claude Code.</summary>
    public const string Claude = "claude";

    /// <summary>OpenCode.</summary>
    public const string OpenCode = "opencode";

    /// <summary>Google's Gemini CLI.</summary>
    public const string Gemini = "gemini";

    /// <summary>Qwen Code.</summary>
    public const string Qwen = "qwen";

    /// <summary>Cursor's CLI. Its model calls go to Cursor, not through the gateway.</summary>
    public const string Cursor = "cursor";

    /// <summary>Aider.</summary>
    public const string Aider = "aider";
}

/// <summary>What the programs of a task are kept in.</summary>
public sealed record SandboxRequest
{
    /// <summary>The weakest that will do, one of <see cref="SandboxNames"/>: a worker that has none so strong fails the task with <c>sandbox_unavailable</c>. Any will do where it is left out.</summary>
    public string? AtLeast { get; set; }

    /// <summary>The image of a container to run them in, such as <c>docker.io/library/node:22</c>. Then it is a container, whatever the worker's choice.</summary>
    public string? Image { get; set; }
}

/// <summary>The kinds of sandboxes, the weakest first.</summary>
public static class SandboxNames
{
    /// <summary>None: programs run as the worker's user.</summary>
    public const string None = "none";

    /// <summary>Namespaces of the kernel's.</summary>
    public const string Bubblewrap = "bubblewrap";

    /// <summary>A container.</summary>
    public const string Container = "container";
}

/// <summary>How the result of a task is handed over.</summary>
public sealed record DeliveryRequest
{
    /// <summary>The branch that gets the commit; <c>{id}</c> stands for the task's id.</summary>
    public string Branch { get; set; } = "codeagent/{id}";

    /// <summary>Whether the branch is pushed to the repository it came from. The patch is kept in either case.</summary>
    public bool Push { get; set; }

    /// <summary>The commit's message. Made from the agent's summary where it is left out.</summary>
    public string? CommitMessage { get; set; }

    /// <summary>One commit, or the agent's own. <c>squash</c> by default.</summary>
    public CommitHistory Commits { get; set; }

    /// <summary>What happens where the base branch has moved while the task ran. <c>ignore</c> by default.</summary>
    public MovedBase OnMovedBase { get; set; }

    /// <summary>The pull request (on GitLab, merge request) to open after the push. None where it is left out.</summary>
    public PullRequestRequest? PullRequest { get; set; }
}

/// <summary>Where a task stops, done or not. Each limit is for the task as a whole, over all its attempts.</summary>
public sealed record TaskLimits
{
    /// <summary>Three days: a question that is asked on a Friday can be answered on Monday.</summary>
    internal const int DefaultWaitMinutes = 4320;

    /// <summary>Wall-clock minutes of running. 1 to 1440, 30 by default.</summary>
    public int Minutes { get; set; } = 30;

    /// <summary>Model turns. 1 to 1000, 50 by default.</summary>
    public int Turns { get; set; } = 50;

    /// <summary>Minutes that the task waits for each answer of a person, before it fails. Waiting counts against no other limit. 1 to 43,200 (30 days), 4,320 (3 days) by default.</summary>
    public int WaitMinutes { get; set; } = DefaultWaitMinutes;

    /// <summary>Tokens, in and out together. 1 to 100,000,000; 400,000 by default.</summary>
    public long Tokens { get; set; } = 400_000;

    /// <summary>US dollars, by the gateway's prices. 0 to 10,000; 2 by default. A model without a price counts 0.</summary>
    [JsonPropertyName("costUsd")]
    public decimal CostUsd { get; set; } = 2.0m;
}
