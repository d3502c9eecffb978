using CodeAgent.Worker.Agents.Builtin.Mcp;

namespace CodeAgent.Worker.Configuration;

/// <summary>What is set for a worker: <c>config/worker.yaml</c>.</summary>
internal sealed class WorkerOptions
{
    /// <summary>Tasks that it runs at once. 1 to 64, 2 by default.</summary>
    public int Capacity { get; set; } = 2;

    /// <summary>How long it goes on with a task without a word from the Api, before it gives the task up. 10 s to 1 h, 2 min by default.</summary>
    public TimeSpan LeasePatience { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>Where repositories and workspaces are kept, from <c>CODEAGENT_HOME</c>. Workers of one machine share it.</summary>
    public string WorkFolder { get; set; } = Path.Combine("artifacts", "work");

    /// <summary>Who commits.</summary>
    public CommitterOptions Committer { get; set; } = new();

    /// <summary>How the worker signs in to git hosts. For the others the machine's own configuration of git counts.</summary>
    public List<CredentialOptions> Credentials { get; set; } = [];

    /// <summary>The APIs of git hosts, for pull requests and GitHub Apps; github.com and gitlab.com are known without.</summary>
    public List<GitHostOptions> GitHosts { get; set; } = [];

    /// <summary>How much of the disk it takes.</summary>
    public DiskOptions Disk { get; set; } = new();

    /// <summary>What programs of agents and checks are kept in.</summary>
    public SandboxOptions Sandbox { get; set; } = new();

    /// <summary>What the built-in agent's tools may do, whatever a task says. Nothing is forbidden by default.</summary>
    public ApprovalOptions Approvals { get; set; } = new();

    /// <summary>
    /// Names of the environment variables that agents and checks get from the worker's own, besides what the worker sets
    /// for them; a star at the end stands for anything. What begins with <c>CODEAGENT_</c> or <c>OTEL_</c> is never passed.
    /// </summary>
    public List<string> PassEnvironment { get; set; } =
    [
        "PATH", "TZ", "USER", "LOGNAME", "LANG", "LC_*", "HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy",
        "SSL_CERT_FILE", "SSL_CERT_DIR", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS", "GIT_SSL_CAINFO",
        "DOTNET_ROOT*", "DOTNET_CLI_*", "DOTNET_NOLOGO", "MSBUILDDISABLENODEREUSE", "NUGET_PACKAGES", "NUGET_CERT_REVOCATION_MODE",
    ];

    /// <summary>MCP servers whose tools the built-in agent gets, by name. None by default.</summary>
    public Dictionary<string, McpServerOptions> Mcp { get; set; } = [];

    /// <summary>The coding CLIs that this worker runs, by the agents' names. Without it, those that are found on the PATH.</summary>
    public Dictionary<string, CliOptions>? Agents { get; set; }
}

/// <summary>Rules for the built-in agent's tools; see <see cref="CodeAgent.Contracts.ApprovalRules"/>.</summary>
internal sealed class ApprovalOptions
{
    /// <summary>What is allowed. Where there is a rule of a kind, whatever none of them matches is denied.</summary>
    public List<string> Allow { get; set; } = [];

    /// <summary>What a person must approve each time.</summary>
    public List<string> Ask { get; set; } = [];

    /// <summary>What is not carried out.</summary>
    public List<string> Deny { get; set; } = [];

    /// <summary>The same, as tasks have them.</summary>
    public CodeAgent.Contracts.ApprovalRules ToRules() => new() { Allow = Allow, Ask = Ask, Deny = Deny };
}

/// <summary>Author and committer of the commits that tasks deliver.</summary>
internal sealed class CommitterOptions
{
    /// <summary>1 to 100 characters; <c>CodeAgent</c> by default.</summary>
    public string Name { get; set; } = "CodeAgent";

    /// <summary><c>codeagent@localhost</c> by default.</summary>
    public string Email { get; set; } = "codeagent@localhost";

    /// <summary>How commits are signed. Not at all by default.</summary>
    public SigningOptions? Signing { get; set; }
}

/// <summary>The options in force now; they change while the worker runs.</summary>
internal delegate WorkerOptions CurrentOptions();
