using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class DeliveryTests : IDisposable
{
    private static readonly DateTimeOffset FinishedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly WorkspaceBench _bench = new();
    private readonly Guid _task = Guid.CreateVersion7();

    [Fact]
    public async Task The_branch_has_one_commit_on_the_base_and_is_pushed()
    {
        var (origin, workspace) = await ChangedAsync();
        var delivery = await DeliverAsync(workspace, new() { Push = true, Branch = "agents/{id}" }, "Change a\n\nBecause of b.");

        Assert.Equal($"agents/{_task}", delivery.Branch);
        Assert.True(delivery.Pushed);
        Assert.Equal(2, delivery.FilesChanged);
        Assert.Equal(delivery.Commit, await origin.GitAsync("rev-parse", $"refs/heads/agents/{_task}"));
        Assert.Equal(delivery.BaseCommit, await origin.GitAsync("rev-parse", $"{delivery.Commit}^"));
        Assert.Equal("CodeAgent <codeagent@localhost> 2026-01-02T03:04:05+00:00", await origin.GitAsync("log", "-1", "--format=%an <%ae> %cI", delivery.Commit));
        Assert.Equal($"Change a\n\nBecause of b.\n\nTask: {_task}", (await origin.GitAsync("log", "-1", "--format=%B", delivery.Commit)).Trim());
        Assert.Equal(_task.ToString(), (await origin.GitAsync("log", "-1", "--format=%(trailers:key=Task,valueonly)", delivery.Commit)).Trim());
    }

    [Fact]
    public async Task Without_a_push_the_branch_is_kept_in_the_cache_alone()
    {
        var (origin, workspace) = await ChangedAsync();
        var delivery = await DeliverAsync(workspace, new(), null);

        Assert.False(delivery.Pushed);
        Assert.Equal("main", await origin.GitAsync("branch", "--format=%(refname:short)"));
        var cache = new TestRepository(workspace.Base.Folder);
        Assert.Equal(delivery.Commit, await cache.GitAsync("rev-parse", $"refs/heads/codeagent/{_task}"));
    }

    [Fact]
    public async Task Repeated_it_makes_the_same_commit_and_no_fuss()
    {
        var (_, workspace) = await ChangedAsync();
        var first = await DeliverAsync(workspace, new() { Push = true }, "Done");
        Assert.Equal(first, await DeliverAsync(workspace, new() { Push = true }, "Done"));
    }

    [Fact]
    public async Task A_branch_that_is_somewhere_else_already_is_left_alone()
    {
        var (origin, workspace) = await ChangedAsync();
        var there = await origin.GitAsync("rev-parse", "main");
        await origin.GitAsync("branch", "taken");

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, new() { Push = true, Branch = "taken" }, null));
        Assert.Equal(FailureCodes.DeliveryFailed, failed.Failure.Code);
        Assert.Contains(there, failed.Message, StringComparison.Ordinal);
        Assert.Equal(there, await origin.GitAsync("rev-parse", "taken"));
    }

    [Fact]
    public async Task What_the_other_side_says_to_a_push_is_told()
    {
        var (origin, workspace) = await ChangedAsync();
        await Bash.RunAsync(origin.Path, """
            mkdir -p .git/hooks; printf '#!/bin/sh\necho "only on Tuesdays" >&2\nexit 1\n' > .git/hooks/pre-receive; chmod +x .git/hooks/pre-receive
            """);

        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, new() { Push = true }, null));
        Assert.Contains("only on Tuesdays", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_lease_that_does_not_hold_any_more_pushes_nothing()
    {
        var (origin, workspace) = await ChangedAsync();
        await Assert.ThrowsAsync<InvalidOperationException>(() => DeliverAsync(workspace, new() { Push = true }, null, () => throw new InvalidOperationException()));
        Assert.Equal("main", await origin.GitAsync("branch", "--format=%(refname:short)"));
    }

    [Fact]
    public async Task Nothing_changed_delivers_the_base()
    {
        var origin = await _bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1"));
        var delivery = await DeliverAsync(await _bench.OpenAsync(origin), new(), null);
        Assert.Equal((head, head, 0), (delivery.BaseCommit, delivery.Commit, delivery.FilesChanged));
    }

    [Theory]
    [InlineData("a..b")]
    [InlineData("-x ")]
    [InlineData("a.lock")]
    public async Task A_name_that_no_branch_can_have_is_refused(string branch)
    {
        var (_, workspace) = await ChangedAsync();
        var failed = await Assert.ThrowsAsync<TaskFailedException>(() => DeliverAsync(workspace, new() { Branch = branch }, null));
        Assert.Contains($"'{branch}'", failed.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Work_that_began_from_nothing_can_be_delivered_too()
    {
        var workspace = await _bench.OpenAsync(null as TestRepository);
        await _bench.RunAsync(workspace, "echo 1 > a.txt");
        var delivery = await DeliverAsync(workspace, new() { Push = true }, null);
        Assert.Equal((false, 1), (delivery.Pushed, delivery.FilesChanged));
    }

    public void Dispose() => _bench.Dispose();

    private async Task<(TestRepository Origin, Workspace Workspace)> ChangedAsync()
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var workspace = await _bench.OpenAsync(origin);
        await _bench.RunAsync(workspace, "echo 2 > a.txt; echo 2 > b.txt");
        return (origin, workspace);
    }

    private async Task<Delivery> DeliverAsync(Workspace workspace, DeliveryRequest request, string? summary, Func<Task>? confirm = null) =>
        await _bench.Deliverer.DeliverAsync(workspace, await workspace.SnapshotAsync(TestContext.Current.CancellationToken),
            new(_task, request, "The prompt", summary, FinishedAt), confirm ?? (() => Task.CompletedTask), TestContext.Current.CancellationToken);
}
