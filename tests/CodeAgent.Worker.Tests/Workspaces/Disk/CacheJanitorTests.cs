using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Disk;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Workspaces.Disk;

public sealed class CacheJanitorTests : IDisposable
{
    private const long Plenty = 1L << 50;
    private readonly WorkspaceBench _bench = new();
    private long _free = Plenty;

    [Fact]
    public async Task What_no_task_used_for_long_is_removed_and_fetched_anew_when_it_is_asked_for()
    {
        var (origin, folder) = await CachedAsync("origin", TimeSpan.FromDays(31));
        var (_, younger) = await CachedAsync("younger", TimeSpan.FromDays(29));
        await SweepAsync();
        Assert.False(Directory.Exists(folder));
        Assert.False(File.Exists(folder + ".lock"));
        Assert.True(Directory.Exists(younger));

        await _bench.Cache.FetchAsync(new() { Url = origin.Url }, TestContext.Current.CancellationToken);
        Assert.True(Directory.Exists(folder));
    }

    [Fact]
    public async Task While_room_is_short_the_longest_unused_goes_first_and_no_more_than_needed()
    {
        var (_, oldest) = await CachedAsync("one", TimeSpan.FromDays(3));
        var (_, older) = await CachedAsync("two", TimeSpan.FromDays(2));
        var (_, old) = await CachedAsync("three", TimeSpan.FromDays(1));
        _free = 0;
        await new CacheJanitor(_bench.Folders, _bench.Git, _ => Directory.Exists(older) ? 0 : Plenty, () => _bench.Options, _bench.Time, NullLogger<CacheJanitor>.Instance)
            .SweepAsync(TestContext.Current.CancellationToken);
        Assert.Equal((false, false, true), (Directory.Exists(oldest), Directory.Exists(older), Directory.Exists(old)));
    }

    [Fact]
    public async Task What_a_workspace_borrows_from_stays()
    {
        var (origin, folder) = await CachedAsync("origin", TimeSpan.Zero);
        var workspace = await _bench.OpenAsync(origin);
        Age(folder, TimeSpan.FromDays(400));
        await SweepAsync();
        Assert.True(Directory.Exists(folder));

        await FolderRemoval.RemoveAsync(workspace.Folder.Root, _bench.Time);
        await SweepAsync();
        Assert.False(Directory.Exists(folder));
    }

    [Fact]
    public async Task What_somebody_has_locked_stays()
    {
        var (_, folder) = await CachedAsync("origin", TimeSpan.FromDays(31));
        using var held = await _bench.Cache.HoldAsync(folder, TestContext.Current.CancellationToken);
        await SweepAsync();
        Assert.True(Directory.Exists(folder));
    }

    [Fact]
    public async Task What_was_just_fetched_stays_however_short_the_room_is()
    {
        var (_, folder) = await CachedAsync("origin", TimeSpan.FromMinutes(5));
        _free = 0;
        await SweepAsync();
        Assert.True(Directory.Exists(folder));
    }

    [Theory]
    [InlineData(false, true)]
    [InlineData(true, false)]
    public async Task Work_that_was_delivered_and_not_pushed_is_never_removed(bool push, bool stays)
    {
        var (origin, folder) = await CachedAsync("origin", TimeSpan.Zero);
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo work > work.txt");
        var delivery = await _bench.DeliverAsync(workspace, new(Guid.CreateVersion7(), new() { Push = push }, "Do it", null, _bench.Time.GetUtcNow()));
        await FolderRemoval.RemoveAsync(workspace.Folder.Root, _bench.Time);
        Age(folder, TimeSpan.FromDays(400));
        _free = 0;
        await SweepAsync();

        Assert.Equal(stays, Directory.Exists(folder));
        if (stays)
        {
            Assert.Equal(delivery.Commit, await new TestRepository(folder).GitAsync("rev-parse", $"refs/heads/{delivery.Branch}"));
        }
    }

    public void Dispose() => _bench.Dispose();

    private Task SweepAsync() => new CacheJanitor(_bench.Folders, _bench.Git, _ => _free, () => _bench.Options, _bench.Time, NullLogger<CacheJanitor>.Instance)
        .SweepAsync(TestContext.Current.CancellationToken);

    private async Task<(TestRepository Origin, string Folder)> CachedAsync(string name, TimeSpan age)
    {
        var origin = await _bench.RepositoryAsync(name);
        await origin.CommitAsync(("a.txt", "1"));
        var folder = (await _bench.Cache.FetchAsync(new() { Url = origin.Url }, TestContext.Current.CancellationToken)).Folder;
        Age(folder, age);
        return (origin, folder);
    }

    private void Age(string folder, TimeSpan age) => File.SetLastWriteTimeUtc(Path.Combine(folder, "codeagent-fetched"), (_bench.Time.GetUtcNow() - age).UtcDateTime);
}
