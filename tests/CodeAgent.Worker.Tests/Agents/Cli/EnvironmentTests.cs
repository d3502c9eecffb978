using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Tests.Agents.Clis;

public sealed class EnvironmentTests
{
    private const string Secret = "CLI_TEST_SECRET_OF_THE_WORKER";

    [Theory]
    [MemberData(nameof(HazardTests.All), MemberType = typeof(HazardTests))]
    public async Task A_cli_gets_nothing_of_the_workers_environment_but_what_is_allowed(string name)
    {
        Environment.SetEnvironmentVariable(Secret, "secret");
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, "exit 0");
        await bench.RunAsync(name);
        var environment = await bench.HomeFileAsync("environment");
        Assert.DoesNotContain(Secret, environment, StringComparison.Ordinal);
        Assert.Contains($"HOME={bench.Folder.Home}\n", environment, StringComparison.Ordinal);
    }

    [Theory]
    [MemberData(nameof(HazardTests.All), MemberType = typeof(HazardTests))]
    public async Task Its_key_is_the_leases_and_on_no_command_line(string name)
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(name, "exit 0");
        await bench.RunAsync(name);
        Assert.DoesNotContain("lease-key", await bench.HomeFileAsync("arguments.1"), StringComparison.Ordinal);
        var all = await bench.HomeFileAsync("environment");
        foreach (var file in Directory.GetFiles(bench.Folder.Home, "*.json", SearchOption.AllDirectories))
        {
            all += await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        }

        Assert.Equal(name != AgentNames.Cursor, all.Contains("lease-key", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Cursors_own_key_is_for_it_alone_and_that_it_goes_past_the_gateway_is_on_the_task()
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(AgentNames.Cursor, "play cursor-ok.jsonl")).Environment["CURSOR_API_KEY"] = new ConfigText("cursor-key", ["cursor-key"]);
        await bench.FakeAsync(AgentNames.Codex, "play codex-ok.jsonl");

        Assert.Null((await bench.RunAsync(AgentNames.Cursor)).Failure);
        Assert.Contains("CURSOR_API_KEY=cursor-key\n", await bench.HomeFileAsync("environment"), StringComparison.Ordinal);
        Assert.Contains(bench.Session.Notes, note => note.Contains("not through the gateway", StringComparison.Ordinal));

        await bench.RunAsync(AgentNames.Codex);
        Assert.DoesNotContain("cursor-key", await bench.HomeFileAsync("environment"), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_key_that_a_tool_or_the_cli_prints_is_in_no_event_and_no_failure()
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(AgentNames.Codex, """
            echo "{\"type\":\"item.completed\",\"item\":{\"id\":\"i\",\"type\":\"command_execution\",\"command\":\"env\",\"exit_code\":0,\"aggregated_output\":\"$CODEX_GATEWAY_KEY $MY_KEY\"}}"
            env; env >&2; exit 1
            """)).Environment["MY_KEY"] = new ConfigText("my-secret-key", ["my-secret-key"]);
        var told = bench.Told(await bench.RunAsync(AgentNames.Codex));
        Assert.Contains("*** ***", told, StringComparison.Ordinal);
        Assert.DoesNotContain("lease-key", told, StringComparison.Ordinal);
        Assert.DoesNotContain("my-secret-key", told, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Two_attempts_share_no_home()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Gemini, "echo mine > ~/.gemini/mine; play gemini-tools.jsonl");
        await bench.RunAsync(AgentNames.Gemini);
        var first = bench.Folder.Home;
        await bench.FakeAsync(AgentNames.Gemini, "play gemini-tools.jsonl");
        await bench.RunAsync(AgentNames.Gemini);
        Assert.NotEqual(first, bench.Folder.Home);
        Assert.False(File.Exists(Path.Combine(bench.Folder.Home, ".gemini", "mine")));
    }

    [Fact]
    public async Task A_prompt_of_a_megabyte_that_looks_like_an_option_arrives_whole()
    {
        await using var bench = await CliBench.CreateAsync();
        bench.Request = new() { Prompt = "--help " + new string('x', 900_000) };
        foreach (var name in (string[])[AgentNames.Codex, AgentNames.Claude, AgentNames.OpenCode, AgentNames.Gemini, AgentNames.Qwen])
        {
            await bench.FakeAsync(name, "exit 0");
            await bench.RunAsync(name);
            Assert.Equal(bench.Request.Prompt, await bench.HomeFileAsync("stdin.1"));
        }
    }
}
