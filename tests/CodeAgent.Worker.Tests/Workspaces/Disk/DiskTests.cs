using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces.Disk;

namespace CodeAgent.Worker.Tests.Workspaces.Disk;

public sealed class DiskTests
{
    [Fact]
    public async Task A_task_that_takes_too_much_of_the_disk_ends_while_it_works()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.Disk.WorkspaceLimitGiB = 0.02);
        var task = bench.Api.Offer(WorkerBench.Script("echo small > small.txt; head -c 40000000 /dev/urandom > ../home/large; sleep 60"));
        var end = await task.EndAsync();
        Assert.Equal(new(FailureCodes.LimitReached, "The task's folder grew over the limit of 0.02 GiB."), end.Failure);
        await bench.NothingIsLeftAsync();
    }

    [Fact]
    public async Task A_file_with_a_hole_counts_what_it_takes()
    {
        using var folder = new TestFolder();
        await Bash.RunAsync(folder.Path, "truncate -s 10G hole; head -c 100000 /dev/zero > real; ln real again");
        Assert.InRange((await FolderSize.MeasureAsync([folder.Path, folder["nowhere"]], TestContext.Current.CancellationToken))!.Value, 100_000, 150_000);
    }

    [Fact]
    public async Task A_worker_whose_disk_is_full_claims_nothing_until_there_is_room()
    {
        var free = 0L;
        var log = new CapturedLog();
        await using var bench = await WorkerBench.StartAsync(log: log, free: _ => Interlocked.Read(ref free));
        await Eventually.TrueAsync(() => Task.FromResult(log.Lines.Any(line => line.Contains("no task is claimed", StringComparison.Ordinal))), TimeSpan.FromSeconds(10), "the log says so");
        Assert.Empty(bench.Api.Claims);

        Interlocked.Exchange(ref free, long.MaxValue);
        Assert.Equal(Outcome.Succeeded, (await bench.Api.Offer(WorkerBench.Script("true")).EndAsync()).Outcome);
        Assert.Contains(log.Lines, line => line.Contains("has room again", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Package_caches_are_shared_where_the_configuration_says_so()
    {
        await using var bench = await WorkerBench.StartAsync(options => options.Disk.DependencyCaches = "/var/cache/agents");
        var task = bench.Api.Offer(WorkerBench.Script("echo $NUGET_PACKAGES $npm_config_cache $PIP_CACHE_DIR"));
        await task.EndAsync();
        Assert.Equal("/var/cache/agents/nuget /var/cache/agents/npm /var/cache/agents/pip\n", task.Output);
    }
}
