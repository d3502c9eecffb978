using System.Diagnostics;
using CodeAgent.Testing;
using CodeAgent.Worker.Processes;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Processes;

public sealed class OrphanJanitorTests
{
    [Fact]
    public async Task Processes_of_dead_workers_end_and_those_of_living_ones_do_not()
    {
        var here = await WorkerMark.Here;
        using var dead = Start(here with { Started = here.Started - 1 });
        using var elsewhere = Start(here with { Id = 1, Started = 1, Space = "pid:[1]" });
        using var living = Start(here);
        try
        {
            await new OrphanJanitor(TimeProvider.System, NullLogger<OrphanJanitor>.Instance).SweepAsync(TestContext.Current.CancellationToken);

            await Eventually.TrueAsync(() => Task.FromResult(dead.HasExited), TimeSpan.FromSeconds(2), "the orphan ends");
            Assert.False(elsewhere.HasExited);
            Assert.False(living.HasExited);
        }
        finally
        {
            elsewhere.Kill();
            living.Kill();
        }
    }

    [Fact]
    public async Task A_mark_can_be_read_back()
    {
        var here = await WorkerMark.Here;
        Assert.Equal(here, WorkerMark.Parse(here.ToString()));
        Assert.True(await WorkerMark.LivesAsync(here, here, TestContext.Current.CancellationToken));
        Assert.Null(WorkerMark.Parse("x"));
        Assert.Null(WorkerMark.Parse(null));
    }

    [Fact]
    public async Task Ended_children_that_others_left_to_us_are_collected_at_the_second_look()
    {
        Subreaper.Enable();
        using var parent = Process.Start(new ProcessStartInfo("bash", ["-c", "(sleep 0.2; exit 3) & echo $!"]) { RedirectStandardOutput = true })!;
        var child = int.Parse((await parent.StandardOutput.ReadLineAsync(TestContext.Current.CancellationToken))!, System.Globalization.CultureInfo.InvariantCulture);
        await EntryAsync(entry => entry?.Ended == true);

        var janitor = new OrphanJanitor(TimeProvider.System, NullLogger<OrphanJanitor>.Instance);
        await janitor.SweepAsync(TestContext.Current.CancellationToken);
        Assert.True(Directory.Exists($"/proc/{child}"));
        await janitor.SweepAsync(TestContext.Current.CancellationToken);
        Assert.False(Directory.Exists($"/proc/{child}"));

        Task EntryAsync(Func<ProcessEntry?, bool> fact) => Eventually.TrueAsync(async () => fact(
            (await ProcessTable.ListAsync(TestContext.Current.CancellationToken)).Cast<ProcessEntry?>().FirstOrDefault(entry => entry!.Value.Id == child)), TimeSpan.FromSeconds(5), "it ended");
    }

    private static Process Start(WorkerMark mark)
    {
        var start = new ProcessStartInfo("sleep", ["60"]);
        start.Environment[WorkerMark.Variable] = mark.ToString();
        return Process.Start(start)!;
    }
}
