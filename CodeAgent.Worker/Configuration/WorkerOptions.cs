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

    /// <summary>The coding CLIs that this worker runs, by the agents' names. Without it, those that are found on the PATH.</summary>
    public Dictionary<string, CliOptions>? Agents { get; set; }
}

/// <summary>Author and committer of the commits that tasks deliver.</summary>
internal sealed class CommitterOptions
{
    /// <summary>1 to 100 characters; <c>CodeAgent</c> by default.</summary>
    public string Name { get; set; } = "CodeAgent";

    /// <summary><c>codeagent@localhost</c> by default.</summary>
    public string Email { get; set; } = "codeagent@localhost";
}

/// <summary>The options in force now; they change while the worker runs.</summary>
internal delegate WorkerOptions CurrentOptions();
