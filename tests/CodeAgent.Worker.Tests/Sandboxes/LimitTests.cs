using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes.Limits;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class LimitTests : IDisposable
{
    private const string TakeMemory = "python3 -c 'import time; held = [b\"x\" * 1000000 for _ in range(400)]; time.sleep(20)'; echo exit $?";
    private const string TakeProcesses = "for i in $(seq 200); do sleep 5 & done 2>&1; echo all started";
    private readonly TestFolder _folder = new();

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Too_much_memory_ends_the_process_and_is_said()
    {
        var homes = await CgroupHomes.FindAsync(Token);
        Assert.SkipWhen(homes.Memory is null, "No group of processes that limits memory can be made here.");
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Bubblewrap, options => options.Sandbox.Limits.Memory = "128M");
        var result = await bench.RunAsync(TakeMemory);
        Assert.Contains("exit 137", result.Output, StringComparison.Ordinal);
        Assert.Contains("may use 128 MiB of memory together", result.Limit, StringComparison.Ordinal);
        Assert.EndsWith($"[{result.Limit}]\n", result.Output, StringComparison.Ordinal);

        // It counts for the command that ran into it, not for the next one.
        Assert.Null((await bench.RunAsync("true")).Limit);
    }

    [Fact]
    public async Task Too_many_processes_are_not_started_and_that_is_said()
    {
        var homes = await CgroupHomes.FindAsync(Token);
        Assert.SkipWhen(homes.Pids is null, "No group of processes that limits their number can be made here.");
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Bubblewrap, options => options.Sandbox.Limits.Processes = 50);
        var result = await bench.RunAsync(TakeProcesses);
        Assert.Contains("may be 50 processes", result.Limit, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_file_that_grows_too_large_ends_whoever_writes_it()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.None, options => options.Sandbox.Limits.File = "1M");
        var result = await bench.RunAsync("head -c 3000000 /dev/zero >large; stat -c %s large");
        Assert.EndsWith("1048576\n", result.Output, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Too_many_files_end_the_command()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.None, options => options.Sandbox.Limits.Disk = "16M");
        var result = await bench.RunAsync("head -c 30000000 /dev/zero >large; sleep 30");
        Assert.Contains("may take 16 MiB", result.Limit, StringComparison.Ordinal);
        Assert.InRange(result.Took, TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(15));
    }

    [Theory]
    [InlineData(TakeMemory, 100L * 1024 * 1024, null, "may use 100 MiB of memory")]
    [InlineData(TakeProcesses + "; sleep 20", null, 50, "may be 50 processes")]
    public async Task Where_there_are_no_groups_whoever_looks_ends_the_command(string script, long? memory, int? processes, string said)
    {
        var folders = new WorkFolders(_folder.Path);
        var runner = new CommandRunner(folders, () => new WorkerOptions(), TimeProvider.System, NullLogger<CommandRunner>.Instance);
        await using var limits = new LeaseLimits(new(memory, null, processes, null, null), CgroupHomes.None, "none", folders.FolderOf("/elsewhere"), TimeProvider.System);
        var result = await runner.RunAsync(new() { Script = script, Directory = _folder.Path, TaskId = Guid.NewGuid(), TimeLimit = TimeSpan.FromSeconds(30) },
            async (launch, token) => await limits.ApplyAsync(launch, token), Token);
        Assert.Contains(said, result.Limit, StringComparison.Ordinal);
        Assert.InRange(result.Took, TimeSpan.Zero, TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_group_goes_with_its_lease_and_that_of_a_dead_worker_with_the_next_look()
    {
        var homes = await CgroupHomes.FindAsync(Token);
        Assert.SkipWhen(homes.Pids is null, "No group of processes that limits their number can be made here.");
        var here = await WorkerMark.Here;
        var task = Guid.NewGuid();
        await using (var bench = await SandboxBench.OpenAsync(SandboxMode.None))
        {
            await bench.RunAsync("true");
            Assert.Contains(Groups(homes), name => name.StartsWith($"codeagent-{here.Id}-{here.Started}-", StringComparison.Ordinal));
        }

        var left = new Cgroup(homes, CgroupName.Of(here with { Started = here.Started - 1 }, task, 1), new(null, null, 100, null, null));
        await left.CreateAsync(Token);
        using var process = System.Diagnostics.Process.Start("/bin/sh", ["-c", left.Enter + "exec sleep 60"]);
        await Eventually.TrueAsync(async () => (await File.ReadAllTextAsync(Path.Combine(homes.Pids, CgroupName.Of(here with { Started = here.Started - 1 }, task, 1), "cgroup.procs"), Token)).Length > 0,
            TimeSpan.FromSeconds(5), "a process is in it");

        using var janitor = new CgroupJanitor(new(() => CgroupHomes.FindAsync(Token)), TimeProvider.System, NullLogger<CgroupJanitor>.Instance);
        await Eventually.TrueAsync(async () =>
        {
            await janitor.SweepAsync(Token);
            return !Groups(homes).Any(name => name.Contains($"{task:N}", StringComparison.Ordinal));
        }, TimeSpan.FromSeconds(5), "the group is gone");
        Assert.True(process.HasExited);
    }

    [Fact]
    public async Task Without_a_sandbox_what_hides_from_the_end_of_its_command_ends_with_the_lease_whatever_runs_beside()
    {
        Assert.SkipWhen((await CgroupHomes.FindAsync(Token)).Folders.FirstOrDefault() is null, "No group of processes can be made here.");
        var number = $"7{Random.Shared.NextInt64(1_000_000_000)}.5";
        await using var neighbour = await SandboxBench.OpenAsync(SandboxMode.None);
        using var enough = new CancellationTokenSource();
        var running = neighbour.Sandbox.RunAsync(neighbour.Line() with { Script = "sleep 60", Enough = enough.Token }, Token);
        await using (var bench = await SandboxBench.OpenAsync(SandboxMode.None))
        {
            await bench.RunAsync($"(env -i setsid /bin/sleep {number} &); sleep 0.3");
            Assert.True(await SandboxBench.AnybodyAsync(number));
        }

        await SandboxBench.NobodyAsync(number);
        Assert.False(running.IsCompleted);
        await enough.CancelAsync();
        Assert.True((await running).WasEnough);
    }

    [Theory]
    [InlineData("512M", 512L << 20)]
    [InlineData("4G", 4L << 30)]
    [InlineData("1.5GiB", 3L << 29)]
    [InlineData("1000", 1000L)]
    [InlineData("4 kB", 4096L)]
    [InlineData("", null)]
    [InlineData("G", null)]
    [InlineData("-1M", null)]
    public void Sizes_are_read_as_people_write_them(string text, long? bytes) => Assert.Equal(bytes, ByteSize.Parse(text));

    public void Dispose()
    {
        var temp = new WorkFolders(_folder.Path).FolderOf("/elsewhere").Temp;
        if (Directory.Exists(temp))
        {
            Directory.Delete(temp, recursive: true);
        }

        _folder.Dispose();
    }

    private static IEnumerable<string> Groups(CgroupHomes homes) => homes.Folders.SelectMany(Directory.EnumerateDirectories).Select(folder => Path.GetFileName(folder)!);
}
