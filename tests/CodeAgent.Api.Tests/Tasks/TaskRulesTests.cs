using System.Text.Json;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Tests.Tasks;

public sealed class TaskRulesTests : IAsyncLifetime
{
    private readonly string _root = Directory.CreateTempSubdirectory("codeagent-rules-").FullName;
    private RepositoryRules _repositories = null!;

    private string Allowed => Path.Combine(_root, "allowed");

    public async ValueTask InitializeAsync()
    {
        Directory.CreateDirectory(Path.Combine(Allowed, "repo"));
        Directory.CreateDirectory(Path.Combine(_root, "other"));
        File.CreateSymbolicLink(Path.Combine(Allowed, "out"), "../other");
        File.CreateSymbolicLink(Path.Combine(_root, "in"), Path.Combine(Allowed, "repo"));
        var file = Path.Combine(_root, "api.yaml");
        await File.WriteAllTextAsync(file, "repositories:\n  allowedFolders: [ allowed ]\n", TestContext.Current.CancellationToken);
        _repositories = new(await ConfigFile.LoadAsync<ApiConfig>(file, _ => null, ApiConfig.Validate, TestContext.Current.CancellationToken), _root);
    }

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_root, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Theory]
    [InlineData("""{ "prompt": "x" }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://example.com/a/b.git", "ref": "main" } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://example.com:8443/a", "ref": "v1.0-rc/2" } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "ssh://git@example.com:2222/a/b.git" } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "git@github.com:a/b.git" } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "host.example:~me/b.git" } }""")]
    [InlineData("""{ "prompt": "x", "delivery": { "branch": "fix/{id}", "commitMessage": "A\n\nB" } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://h/r" }, "delivery": { "push": true } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://h/r" }, "delivery": { "push": true, "commits": "keep", "onMovedBase": "rebase", "pullRequest": { "title": "T", "base": "main", "draft": true } } }""")]
    [InlineData("""{ "prompt": "x", "repository": { "url": "https://h/r", "submodules": true, "sparse": ["src/app", "docs/"], "depth": 1 } }""")]
    [InlineData("""{ "prompt": "x", "results": { "tests": ["**/TestResults/*.trx"], "files": ["coverage/*.xml"] } }""")]
    [InlineData("""{ "prompt": "x", "agent": { "name": "builtin", "model": "openai/gpt-5:high" } }""")]
    [InlineData("""{ "prompt": "x", "sandbox": { "atLeast": "container", "image": "registry.example.org:5000/team/tool:1.2" } }""")]
    [InlineData("""{ "prompt": "x", "sandbox": { "atLeast": "none" } }""")]
    [InlineData("""{ "prompt": "x", "limits": { "minutes": 1440, "turns": 1000, "tokens": 100000000, "costUsd": 0 } }""")]
    [InlineData("""{ "prompt": "x", "approvals": { "allow": ["run:*"], "ask": ["run:git push*"], "deny": ["read:**/.env*", "write:infra/**"] } }""")]
    [InlineData("""{ "prompt": "x", "labels": { "team": "", "a.b/c-d_e": "Grüße: 1" }, "priority": -100 }""")]
    public void What_may_be_asked_for(string json) => TaskRules.Require(Request(json), Some.Id, _repositories);

    [Theory]
    [InlineData("prompt", """{ "prompt": "" }""")]
    [InlineData("prompt", """{ "prompt": " \n" }""")]
    [InlineData("prompt", """{ "prompt": "a\u0000b" }""")]
    [InlineData("agent.name", """{ "prompt": "x", "agent": { "name": "buildin" } }""")]
    [InlineData("sandbox.atLeast", """{ "prompt": "x", "sandbox": { "atLeast": "jail" } }""")]
    [InlineData("sandbox.image", """{ "prompt": "x", "sandbox": { "image": "--privileged" } }""")]
    [InlineData("sandbox.image", """{ "prompt": "x", "sandbox": { "image": "two words" } }""")]
    [InlineData("agent.model", """{ "prompt": "x", "agent": { "model": "two words" } }""")]
    [InlineData("agent.model", """{ "prompt": "x", "agent": { "model": "" } }""")]
    [InlineData("checks", """{ "prompt": "x", "checks": ["1","2","3","4","5","6","7","8","9","10","11","12","13","14","15","16","17","18","19","20","21"] }""")]
    [InlineData("checks[1]", """{ "prompt": "x", "checks": ["true", " "] }""")]
    [InlineData("checks[0]", """{ "prompt": "x", "checks": [null] }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "" } }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "-D" } }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "{id}..x" } }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "{id}.lock" } }""")]
    [InlineData("delivery.push", """{ "prompt": "x", "delivery": { "push": true } }""")]
    [InlineData("delivery.commitMessage", """{ "prompt": "x", "delivery": { "commitMessage": "" } }""")]
    [InlineData("delivery.pullRequest", """{ "prompt": "x", "repository": { "url": "https://x.org/y" }, "delivery": { "pullRequest": {} } }""")]
    [InlineData("delivery.pullRequest.base", """{ "prompt": "x", "repository": { "url": "https://x.org/y" }, "delivery": { "push": true, "pullRequest": { "base": "a..b" } } }""")]
    [InlineData("repository.sparse[1]", """{ "prompt": "x", "repository": { "url": "https://x.org/y", "sparse": ["src", "../etc"] } }""")]
    [InlineData("repository.sparse[0]", """{ "prompt": "x", "repository": { "url": "https://x.org/y", "sparse": ["src/*"] } }""")]
    [InlineData("repository.depth", """{ "prompt": "x", "repository": { "url": "https://x.org/y", "depth": 0 } }""")]
    [InlineData("results.tests[0]", """{ "prompt": "x", "results": { "tests": ["../*.xml"] } }""")]
    [InlineData("results.files[1]", """{ "prompt": "x", "results": { "files": ["a", "/etc/passwd"] } }""")]
    [InlineData("limits.minutes", """{ "prompt": "x", "limits": { "minutes": 1441 } }""")]
    [InlineData("limits.turns", """{ "prompt": "x", "limits": { "turns": 0 } }""")]
    [InlineData("limits.waitMinutes", """{ "prompt": "x", "limits": { "waitMinutes": 43201 } }""")]
    [InlineData("approvals.ask[1]", """{ "prompt": "x", "approvals": { "ask": ["run:git push*", "git push"] } }""")]
    [InlineData("approvals.deny[0]", """{ "prompt": "x", "approvals": { "deny": ["write:/etc/passwd"] } }""")]
    [InlineData("approvals", """{ "prompt": "x", "agent": { "name": "command" }, "approvals": { "deny": ["run:x"] } }""")]
    [InlineData("limits.tokens", """{ "prompt": "x", "limits": { "tokens": 100000001 } }""")]
    [InlineData("limits.costUsd", """{ "prompt": "x", "limits": { "costUsd": -0.01 } }""")]
    [InlineData("priority", """{ "prompt": "x", "priority": 101 }""")]
    [InlineData("labels", """{ "prompt": "x", "labels": { "a:b": "c" } }""")]
    [InlineData("labels", """{ "prompt": "x", "labels": { "": "c" } }""")]
    [InlineData("labels.a", """{ "prompt": "x", "labels": { "a": null } }""")]
    [InlineData("labels.a", """{ "prompt": "x", "labels": { "a": "\n" } }""")]
    [InlineData("agent.name", """{ "prompt": "x", "agent": { "name": "copilot" } }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "refs/heads/x" } }""")]
    [InlineData("delivery.branch", """{ "prompt": "x", "delivery": { "branch": "codeagent/{foo}" } }""")]
    [InlineData("repository.ref", """{ "prompt": "x", "repository": { "url": "https://h/r", "ref": "--upload-pack=x" } }""")]
    [InlineData("repository.ref", """{ "prompt": "x", "repository": { "url": "https://h/r", "ref": "main~1" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "example.com/a/b" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "http://example.com/a" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "git://example.com/a" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "ext::sh -c true" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "fd::7" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "-oProxyCommand=x:y" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "ssh://-oProxyCommand=x/y" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://example.com" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://example.com/a b" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://example.com/a?token=hunter2" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://example.com/a\nb" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://user:hunter2@example.com/a" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "https://hunter2@example.com/a" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "ssh://git:hunter2@example.com/a" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "file://hunter2@/etc" } }""")]
    [InlineData("repository.url", """{ "prompt": "x", "repository": { "url": "file:///etc" } }""")]
    public void What_must_not_be_asked_for(string field, string json)
    {
        var problem = Assert.Throws<ProblemException>(() => TaskRules.Require(Request(json), Some.Id, _repositories));

        Assert.Equal(("invalid-field", 400, field), (problem.Type, problem.Status, problem.Field));
        Assert.DoesNotContain("hunter2", problem.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("allowed/repo", true)]
    [InlineData("allowed", true)]
    [InlineData("allowed/not-there-yet", true)]
    [InlineData("in", true)]
    [InlineData("other", false)]
    [InlineData("allowed/out", false)]
    [InlineData("allowed/out/x", false)]
    [InlineData("allowed/../other", false)]
    [InlineData("allowed/%2e%2e/other", false)]
    [InlineData("allowed-not", false)]
    public void Repositories_on_the_disk_are_where_the_configuration_allows(string path, bool allowed)
    {
        var request = new TaskRequest { Prompt = "x", Repository = new() { Url = $"file://{_root}/{path}" } };
        var refused = Record.Exception(() => TaskRules.Require(request, Some.Id, _repositories));

        Assert.Equal(allowed, refused is null);
    }

    [Fact]
    public void A_link_to_itself_leads_nowhere()
    {
        File.CreateSymbolicLink(Path.Combine(Allowed, "loop"), "loop");

        Assert.Throws<ProblemException>(() => TaskRules.Require(
            new() { Prompt = "x", Repository = new() { Url = $"file://{Allowed}/loop" } }, Some.Id, _repositories));
    }

    [Theory]
    [InlineData("main", true)]
    [InlineData("feature/a.b-c_d+e", true)]
    [InlineData("ünï", true)]
    [InlineData("", false)]
    [InlineData("@", false)]
    [InlineData("HEAD", false)]
    [InlineData("-x", false)]
    [InlineData("a..b", false)]
    [InlineData("a@{b", false)]
    [InlineData("a/.b", false)]
    [InlineData(".a", false)]
    [InlineData("a.lock/b", false)]
    [InlineData("a.", false)]
    [InlineData("/a", false)]
    [InlineData("a/", false)]
    [InlineData("a//b", false)]
    [InlineData("a b", false)]
    [InlineData("a\tb", false)]
    [InlineData("a\u007fb", false)]
    [InlineData("a~b", false)]
    [InlineData("a^b", false)]
    [InlineData("a:b", false)]
    [InlineData("a?b", false)]
    [InlineData("a*b", false)]
    [InlineData("a[b", false)]
    [InlineData("a\\b", false)]
    public async Task Branches_are_named_as_git_names_them(string name, bool good)
    {
        Assert.Equal(good, GitNames.IsBranch(name));

        // Git itself is asked too. It takes two names that mean something else than a branch.
        using var git = System.Diagnostics.Process.Start(
            new System.Diagnostics.ProcessStartInfo("git", ["check-ref-format", "--branch", name]) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        await git.WaitForExitAsync(TestContext.Current.CancellationToken);
        Assert.Equal(good, git.ExitCode == 0 && name is not ("HEAD" or "@"));
    }

    private static TaskRequest Request(string json) => JsonSerializer.Deserialize(json, ContractsJson.Default.TaskRequest)!;
}
