using CodeAgent.Contracts;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class MovedBaseTests : IDisposable
{
    private static readonly DateTimeOffset FinishedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly WorkspaceBench _bench = new();
    private readonly Guid _task = Guid.CreateVersion7();

    [Fact]
    public async Task Ignored_the_branch_begins_where_the_work_began()
    {
        var (origin, workspace, _) = await MovedAsync("b.txt");
        var delivery = await DeliverAsync(workspace, origin, MovedBase.Ignore);
        Assert.Equal(workspace.Base.Commit, await origin.GitAsync("rev-parse", $"{delivery.Commit}^"));
        Assert.Null(delivery.RebasedOnto);
    }

    [Fact]
    public async Task To_fail_is_to_say_from_where_to_where_it_moved()
    {
        var (origin, workspace, newest) = await MovedAsync("b.txt");
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, origin, MovedBase.Fail));
        Assert.Equal(FailureCodes.DeliveryFailed, failed.Failure.Code);
        Assert.Contains($"from {workspace.Base.Commit} to {newest}", failed.Message, StringComparison.Ordinal);
        Assert.Equal("main", await origin.GitAsync("branch", "--format=%(refname:short)"));
    }

    [Theory]
    [InlineData(CommitHistory.Squash, 1)]
    [InlineData(CommitHistory.Keep, 3)]
    public async Task Rebased_the_branch_has_the_work_on_top_of_what_is_new(CommitHistory commits, int count)
    {
        var (origin, workspace, newest) = await MovedAsync("b.txt");
        await _bench.RunAsync(workspace, "git commit -qam one; echo 3 >> a.txt; git commit -qam two; echo rest > c.txt");
        var delivery = await DeliverAsync(workspace, origin, MovedBase.Rebase, commits);

        Assert.Equal((newest, workspace.Base.Commit, null), (delivery.RebasedOnto, delivery.BaseCommit, delivery.Warning));
        Assert.Equal($"{count}", await origin.GitAsync("rev-list", "--count", $"{newest}..{delivery.Commit}"));
        Assert.Equal(newest, await origin.GitAsync("rev-parse", $"{delivery.Commit}~{count}"));
        Assert.Equal("theirs", await origin.GitAsync("show", $"{delivery.Commit}:b.txt"));
        Assert.Equal("ours\n3", await origin.GitAsync("show", $"{delivery.Commit}:a.txt"));
        Assert.Equal("rest", await origin.GitAsync("show", $"{delivery.Commit}:c.txt"));
    }

    [Fact]
    public async Task A_conflict_names_the_files_and_pushes_nothing()
    {
        var (origin, workspace, _) = await MovedAsync("a.txt");
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, origin, MovedBase.Rebase));
        Assert.Equal(FailureCodes.DeliveryFailed, failed.Failure.Code);
        Assert.Contains("a.txt changed on both sides", failed.Message, StringComparison.Ordinal);
        Assert.Equal("main", await origin.GitAsync("branch", "--format=%(refname:short)"));
    }

    [Fact]
    public async Task A_delivery_that_is_repeated_after_the_base_moved_again_finds_its_branch()
    {
        var (origin, workspace, _) = await MovedAsync("b.txt");
        var first = await DeliverAsync(workspace, origin, MovedBase.Rebase);
        await origin.CommitAsync(("z.txt", "later"));
        Assert.Equal(first.Commit, (await DeliverAsync(workspace, origin, MovedBase.Rebase)).Commit);
        Assert.Equal(first.Commit, await origin.GitAsync("rev-parse", $"codeagent/{_task}"));
    }

    [Fact]
    public async Task The_same_task_run_anew_does_not_take_the_branch_of_the_run_before_for_its_own()
    {
        var (origin, workspace, _) = await MovedAsync("b.txt");
        await DeliverAsync(workspace, origin, MovedBase.Ignore);
        await _bench.RunAsync(workspace, "echo other > other.txt");
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => _bench.DeliverAsync(workspace, new(_task, new() { Push = true }, "Do it", null, FinishedAt.AddHours(1))));
        Assert.Contains("exists at", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_a_whole_task_a_conflict_fails_it_and_the_patch_is_kept()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1\n"));
        bench.Agent = async (run, token) =>
        {
            await File.WriteAllTextAsync(Path.Combine(run.Workspace, "a.txt"), "ours\n", token);
            await origin.CommitAsync(("a.txt", "theirs\n"));
            return new() { Usage = run.Usage };
        };

        var task = bench.Api.Offer(WorkerBench.Played(origin, request => request.Delivery = new() { Push = true, OnMovedBase = MovedBase.Rebase }));
        Assert.Equal(FailureCodes.DeliveryFailed, (await task.EndAsync()).Failure!.Code);
        Assert.Contains("+ours", task.Text("patch"), StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();

    private async Task<(TestRepository Origin, Workspace Workspace, string Newest)> MovedAsync(string file)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1\n"), ("b.txt", "1\n"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo ours > a.txt");
        return (origin, workspace, await origin.CommitAsync((file, "theirs\n")));
    }

    private Task<Delivery> DeliverAsync(Workspace workspace, TestRepository origin, MovedBase moved, CommitHistory commits = CommitHistory.Squash) =>
        _bench.DeliverAsync(workspace, new DeliveryOrder(_task, new() { Push = true, OnMovedBase = moved, Commits = commits }, "Do it", null, FinishedAt, new() { Url = origin.Url }));
}
