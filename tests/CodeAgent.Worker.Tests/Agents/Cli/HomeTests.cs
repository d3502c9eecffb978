using System.Text;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Agents.Clis;

/// <summary>A home belongs to the agent: what it puts there makes the worker neither write nor read anywhere else.</summary>
public sealed class HomeTests : IDisposable
{
    private readonly TestFolder _folder = new();

    private string Home => _folder["home"];

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    public void Dispose() => _folder.Dispose();

    [Fact]
    public async Task A_link_in_the_place_of_a_file_that_the_worker_writes_is_replaced_and_not_followed()
    {
        await Bash.RunAsync(_folder.Path, "mkdir home; echo mine > worker; ln -s ../worker home/.codeagent-input");
        await HomeFiles.WriteAsync(Home, CliAgent.InputFile, Encoding.UTF8.GetBytes("Do it."), Token);
        Assert.Equal("mine\n", await File.ReadAllTextAsync(_folder["worker"], Token));
        Assert.Equal("Do it.", await File.ReadAllTextAsync(Path.Combine(Home, CliAgent.InputFile), Token));
    }

    [Fact]
    public async Task A_pipe_in_the_place_of_a_file_that_the_worker_writes_is_replaced()
    {
        await Bash.RunAsync(_folder.Path, "mkdir home; mkfifo home/.codeagent-input");
        await HomeFiles.WriteAsync(Home, CliAgent.InputFile, Encoding.UTF8.GetBytes("Do it."), Token);
        Assert.Equal("Do it.", await File.ReadAllTextAsync(Path.Combine(Home, CliAgent.InputFile), Token));
    }

    [Theory]
    [InlineData("ln -s ../worker home/.config")]
    [InlineData("mkdir home/.config; ln -s ../../worker home/.config/opencode")]
    [InlineData("touch home/.config")]
    [InlineData("mkdir -p home/.config/opencode/opencode.json")]
    public async Task A_link_in_the_place_of_a_folder_or_a_folder_in_the_place_of_a_file_is_refused(string plant)
    {
        await Bash.RunAsync(_folder.Path, $"mkdir home worker; {plant}");
        await Assert.ThrowsAsync<HomeException>(() => HomeFiles.WriteAsync(Home, ".config/opencode/opencode.json", "{}"u8.ToArray(), Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["worker"]));
    }

    [Theory]
    [InlineData("ln -s ../worker home/s")]
    [InlineData("mkdir home/s; ln -s ../../worker home/s/inner; ln -s ../../worker/key home/s/key")]
    public async Task No_file_behind_a_link_is_packed(string plant)
    {
        await Bash.RunAsync(_folder.Path, $"mkdir home worker; echo secret > worker/key; {plant}");
        Assert.Null(await PackAsync());
    }

    [Fact]
    public async Task A_pipe_among_the_sessions_files_is_left_behind_without_waiting_for_it()
    {
        await Bash.RunAsync(_folder.Path, "mkdir -p home/s/deep; echo a > home/s/deep/a.txt; mkfifo home/s/pipe");
        var packed = await PackAsync().WaitAsync(TimeSpan.FromSeconds(20), TimeProvider.System, Token);
        await SessionFiles.UnpackAsync(packed!, _folder["other"], "t", "/old", "/new", Token);
        Assert.Equal([_folder["other/t/deep/a.txt"]], Directory.GetFiles(_folder["other"], "*", SearchOption.AllDirectories));
    }

    [Fact]
    public async Task A_session_is_not_unpacked_through_a_link()
    {
        await Bash.RunAsync(_folder.Path, "mkdir -p home/s other worker; echo a > home/s/a.txt; ln -s ../worker other/t");
        var packed = await PackAsync();
        await Assert.ThrowsAsync<HomeException>(() => SessionFiles.UnpackAsync(packed!, _folder["other"], "t", "/old", "/new", Token));
        Assert.Empty(Directory.GetFileSystemEntries(_folder["worker"]));
    }

    [Fact]
    public async Task A_cli_whose_home_has_a_link_where_its_settings_belong_fails_with_that_reason()
    {
        await using var bench = await CliBench.CreateAsync();
        await bench.FakeAsync(AgentNames.Gemini, $"mv ~/.gemini ~/was; ln -s {_folder.Path} ~/.gemini; play gemini-tools.jsonl");
        var first = await bench.RunAsync(AgentNames.Gemini);
        var second = await bench.RunAsync(AgentNames.Gemini, after: first, feedback: "Again.", same: true);
        Assert.Equal(FailureCodes.AgentFailed, second.Failure?.Code);
        Assert.Contains(".gemini", second.Failure!.Message, StringComparison.Ordinal);
        Assert.Empty(Directory.GetFileSystemEntries(_folder.Path));
    }

    [Fact]
    public async Task A_secret_of_the_clis_environment_is_not_among_the_sessions_files_of_a_checkpoint()
    {
        await using var bench = await CliBench.CreateAsync();
        (await bench.FakeAsync(AgentNames.Codex, """
            mkdir -p ~/.codex/sessions; printf '{"env":"my-\\"secret-key %s"}\n' "$CODEX_GATEWAY_KEY" > ~/.codex/sessions/s.jsonl; play codex-ok.jsonl
            """)).Environment["MY_KEY"] = new ConfigText("my-\"secret-key", ["my-\"secret-key"]);
        var first = await bench.RunAsync(AgentNames.Codex);
        await bench.FakeAsync(AgentNames.Codex, "cp ~/.codex/sessions/s.jsonl ~/seen; play codex-ok.jsonl");
        await bench.RunAsync(AgentNames.Codex, after: first, feedback: "Again.");
        Assert.Equal("{\"env\":\"*** ***\"}\n", await bench.HomeFileAsync("seen"));
    }

    private Task<byte[]?> PackAsync() => SessionFiles.PackAsync(Home, "s", bytes => bytes, Token);
}
