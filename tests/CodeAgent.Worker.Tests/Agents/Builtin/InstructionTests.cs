namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class InstructionTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task What_the_repository_tells_agents_is_told_as_the_repositorys()
    {
        await _bench.Workspace.WriteAsync("AGENTS.md", "Use tabs.\n");
        await _bench.Workspace.WriteAsync("CLAUDE.md", "Be brief.\n");
        await _bench.Workspace.WriteAsync(".cursorrules", "No semicolons.\n");

        var prompt = await PromptAsync();

        Assert.Matches(
            """(?s)From the repository\n.*\n\n<file name="AGENTS.md">\nUse tabs.\n</file>\n\n<file name="CLAUDE.md">\nBe brief.\n</file>\n\n<file name=".cursorrules">\nNo semicolons.\n</file>$""",
            prompt);
    }

    [Fact]
    public async Task It_comes_after_what_is_always_the_same_and_before_what_is_the_tasks()
    {
        var constant = await PromptAsync();
        await _bench.Workspace.WriteAsync("AGENTS.md", "Use tabs.\n");
        var same = await PromptAsync();
        _bench.Request = new() { Prompt = "Do it.", Checks = ["make test"] };
        var task = await PromptAsync();

        Assert.StartsWith(constant, same, StringComparison.Ordinal);
        Assert.StartsWith(same, task, StringComparison.Ordinal);
        Assert.EndsWith("- make test", task, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("Use tabs.\n")]
    [InlineData("Use tabs.\r\n\r\n")]
    [InlineData("@AGENTS.md\n")]
    public async Task The_same_content_under_another_name_is_told_once(string content)
    {
        await _bench.Workspace.WriteAsync("AGENTS.md", "Use tabs.\n");
        await _bench.Workspace.WriteAsync("CLAUDE.md", content);
        _bench.Workspace.Link(".cursorrules", "AGENTS.md");

        var prompt = await PromptAsync();

        Assert.Single(prompt.Split('\n'), line => line == "Use tabs.");
        Assert.Contains("AGENTS.md\">", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("CLAUDE.md", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain(".cursorrules", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_without_end_is_cut_and_says_so()
    {
        await _bench.Workspace.WriteAsync("AGENTS.md", string.Concat(Enumerable.Repeat("0123456789", 10_000)));
        await _bench.Workspace.WriteAsync("CLAUDE.md", "Be brief.\n");

        var prompt = await PromptAsync();

        Assert.Contains("[The file goes on; read AGENTS.md for the rest.]", prompt, StringComparison.Ordinal);
        Assert.Contains("[The file goes on; read CLAUDE.md for the rest.]", prompt, StringComparison.Ordinal);
        Assert.InRange(prompt.Length, 32_000, 36_000);
    }

    [Fact]
    public async Task A_model_with_a_small_window_is_told_less_of_it()
    {
        _bench.Gateway.Models = """{ "data": [ { "id": "default", "contextWindow": 8000 } ] }""";
        await _bench.Workspace.WriteAsync("AGENTS.md", string.Concat(Enumerable.Repeat("0123456789", 10_000)));

        var prompt = await PromptAsync();

        Assert.Contains("[The file goes on; read AGENTS.md for the rest.]", prompt, StringComparison.Ordinal);
        Assert.InRange(prompt.Length, 6_000, 10_000);
    }

    [Fact]
    public async Task Those_of_inner_folders_are_named()
    {
        await _bench.Workspace.WriteAsync("web/AGENTS.md", "Use spaces.\n");
        await _bench.Workspace.WriteAsync("server/db/AGENTS.md", "Use SQL.\n");

        var prompt = await PromptAsync();

        Assert.EndsWith(":\n- server/db/AGENTS.md\n- web/AGENTS.md", prompt, StringComparison.Ordinal);
        Assert.DoesNotContain("Use spaces.", prompt, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_link_that_leads_out_of_the_repository_is_not_read()
    {
        _bench.Workspace.Link("AGENTS.md", Path.Combine(_bench.Workspace.Outside, "secret.txt"));
        _bench.Workspace.Link("CLAUDE.md", "../outside/secret.txt");

        Assert.DoesNotContain("secret", await PromptAsync(), StringComparison.Ordinal);
    }

    [Fact]
    public async Task They_stay_what_they_were_when_the_agent_changes_them_and_is_restarted()
    {
        await _bench.Workspace.WriteAsync("AGENTS.md", "Use tabs.\n");
        _bench.Gateway.Call("write", new { path = "AGENTS.md", content = "Use spaces.\n" }).Say("Done.");
        await _bench.RunAsync();

        _bench.Gateway.Say("Done.");
        await _bench.RunAsync(_bench.Session.Saved[0]);

        Assert.Equal("Use spaces.\n", await _bench.Workspace.ReadAsync("AGENTS.md"));
        Assert.Contains("Use tabs.", _bench.Gateway.Requests.Last().Message(0), StringComparison.Ordinal);
        Assert.Equal(_bench.Gateway.Requests.ElementAt(1).Text, _bench.Gateway.Requests.Last().Text);
    }

    private async Task<string> PromptAsync()
    {
        _bench.Gateway.Say("Done.");
        await _bench.RunAsync();
        return _bench.Gateway.Requests.Last().Message(0);
    }
}
