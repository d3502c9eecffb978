using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Configuration;

public sealed class WorkerOptionsTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task Without_a_file_the_defaults_hold()
    {
        var options = await ReadAsync(null);
        Assert.Equal((2, TimeSpan.FromMinutes(2)), (options.Capacity, options.LeasePatience));
        Assert.Equal("/home/x/artifacts/work", WorkFolders.Of(options, "/home/x").Root);
    }

    [Fact]
    public async Task What_the_file_says_holds()
    {
        var options = await ReadAsync("capacity: 5\nleasePatience: 30s\nworkFolder: /var/work\ncommitter:\n  name: Bot\npassEnvironment: [PATH, MY_*]\n");
        Assert.Equal((5, TimeSpan.FromSeconds(30), "Bot", "codeagent@localhost"), (options.Capacity, options.LeasePatience, options.Committer.Name, options.Committer.Email));
        Assert.Equal(["PATH", "MY_*"], options.PassEnvironment);
        Assert.Equal("/var/work", WorkFolders.Of(options, "/home/x").Root);
    }

    [Fact]
    public async Task What_the_file_says_of_the_sandbox_holds()
    {
        var set = (await ReadAsync("sandbox:\n  mode: bubblewrap\n  readOnly: [/opt/tools]\n  network:\n    mode: own\n    allow: [api.example.org, '*.example.net:8443', 10.1.0.0/16]\n  limits:\n    memory: 4G\n    cpus: 1.5\n")).Sandbox;
        Assert.Equal((SandboxMode.Bubblewrap, 3, "4G", 1.5, 4096), (set.Mode, set.Network.Allow.Count, set.Limits.Memory, set.Limits.Cpus, set.Limits.Processes));
    }

    [Theory]
    [InlineData("capacity: 0", "capacity|1 to 64")]
    [InlineData("leasePatience: 1s", "10s to 1h")]
    [InlineData("workFolder: ''", "a folder")]
    [InlineData("committer:\n  name: ''", "1 to 100")]
    [InlineData("committer:\n  email: 'a>b'", "without < and >")]
    [InlineData("passEnvironment: ['*']", "names of variables")]
    [InlineData("capcity: 3", "capcity")]
    [InlineData("disk:\n  workspaceLimitGiB: 0", "0.01 to 10000")]
    [InlineData("disk:\n  cacheAge: 1m", "1h to 3650d")]
    [InlineData("disk:\n  dependencyCaches: packages", "absolute path")]
    [InlineData("committer:\n  signing:\n    format: ssh\n    key: id_ed25519", "absolute path")]
    [InlineData("approvals:\n  deny:\n    - 'run:x'\n    - 'git push'", @"\(4\): approvals.deny\[1\]: A rule is run:PATTERN")]
    [InlineData("approvals:\n  deni: []", "deni")]
    [InlineData("credentials:\n  - host: github.com\n    token: ghp_1234", "a secret is not written here")]
    [InlineData("credentials:\n  - host: https://github.com", "without a scheme")]
    [InlineData("credentials:\n  - host: github.com\n    sshKey: id_rsa", "absolute path")]
    [InlineData("credentials:\n  - host: git.example.org\n    gitHubApp:\n      appId: 1\n      installationId: 2\n      privateKey: /app.pem", "gitHosts with the api gitHub")]
    [InlineData("gitHosts:\n  - host: git.example.org\n    api: gitHub\n    baseUrl: git.example.org", "where the API begins")]
    [InlineData("sandbox:\n  mode: jail", "auto, none, bubblewrap, container")]
    [InlineData("sandbox:\n  readOnly: [tools]", "an absolute path")]
    [InlineData("sandbox:\n  readOnly: [/]", "an absolute path")]
    [InlineData("sandbox:\n  network:\n    allow: ['https://example.org']", "without scheme")]
    [InlineData("sandbox:\n  network:\n    allow: ['*']", "host, ")]
    [InlineData("sandbox:\n  limits:\n    memory: 1K", "at least 16M")]
    [InlineData("sandbox:\n  limits:\n    cpus: 0", "0.1 to 1024")]
    [InlineData("sandbox:\n  limits:\n    processes: 1", "16 to 1000000")]
    [InlineData("agents:\n  copilot: {}", "one of codex, claude")]
    [InlineData("agents:\n  codex: { silence: 0s }", "1s to 2h")]
    [InlineData("agents:\n  codex: { command: '' }", "the name or path of a program")]
    public async Task What_is_wrong_is_refused_with_what_would_be_right(string yaml, string words)
    {
        var refused = await Assert.ThrowsAsync<ConfigFileException>(() => ReadAsync(yaml));
        Assert.Matches(words, refused.Message);
    }

    [Fact]
    public async Task The_file_of_the_repository_is_valid()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CodeAgent.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        var file = await ConfigFile.LoadAsync<WorkerOptions>(Path.Combine(folder, "config", "worker.yaml"), _ => null, WorkerOptionsValidator.Validate, TestContext.Current.CancellationToken);
        Assert.Equal(2, file.Current.Capacity);
    }

    public void Dispose() => _folder.Dispose();

    private async Task<WorkerOptions> ReadAsync(string? yaml)
    {
        if (yaml is not null)
        {
            await File.WriteAllTextAsync(_folder["worker.yaml"], yaml, TestContext.Current.CancellationToken);
        }

        return (await ConfigFile.LoadAsync<WorkerOptions>(_folder["worker.yaml"], _ => null, WorkerOptionsValidator.Validate, TestContext.Current.CancellationToken)).Current;
    }
}
