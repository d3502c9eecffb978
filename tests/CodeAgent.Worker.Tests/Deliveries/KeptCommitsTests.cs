using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class KeptCommitsTests : IDisposable
{
    private static readonly DateTimeOffset FinishedAt = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private readonly WorkspaceBench _bench = new();
    private readonly Guid _task = Guid.CreateVersion7();

    [Fact]
    public async Task The_agents_commits_come_onto_the_branch_committed_by_the_worker_and_the_rest_in_a_last_one()
    {
        var (origin, workspace) = await OpenAsync();
        _bench.Options.Committer.Name = "Robot";
        var delivery = await DeliverAsync(workspace, """
            echo 1 > one.txt; git add one.txt; git -c user.name='An Agent' commit -q --date '2020-01-01T00:00:00+0200' -m 'First' -m 'Why.' -m 'Reviewed-by: Nobody <n@x>'
            echo 2 > two.txt; git add two.txt; git commit -q -m Second
            echo 3 > three.txt
            """);

        Assert.Null(delivery.Warning);
        Assert.Equal("The work|Robot\nSecond|Robot\nFirst|Robot", await origin.GitAsync("log", "--format=%s|%cn", $"{delivery.BaseCommit}..{delivery.Commit}"));
        Assert.Equal("An Agent 2020-01-01T00:00:00+02:00 2026-01-02T03:04:05+00:00", await origin.GitAsync("log", "-1", "--format=%an %aI %cI", $"{delivery.Commit}~2"));
        Assert.Equal($"First\n\nWhy.\n\nReviewed-by: Nobody <n@x>\nTask: {_task}", (await origin.GitAsync("log", "-1", "--format=%B", $"{delivery.Commit}~2")).Trim());
        Assert.Equal("one.txt", await origin.GitAsync("diff", "--name-only", $"{delivery.Commit}~3", $"{delivery.Commit}~2"));
        Assert.Equal("three.txt", await origin.GitAsync("diff", "--name-only", $"{delivery.Commit}~1", delivery.Commit));
        Assert.Equal(delivery, await DeliverAsync(workspace, "true"));
    }

    [Fact]
    public async Task A_history_that_was_rewritten_is_one_commit_and_that_is_said()
    {
        var (origin, workspace) = await OpenAsync();
        var delivery = await DeliverAsync(workspace, "git checkout -q --orphan fresh; echo new > new.txt; git add .; git commit -qm Fresh");
        Assert.Equal("1", await origin.GitAsync("rev-list", "--count", $"{delivery.BaseCommit}..{delivery.Commit}"));
        Assert.Contains("rewrote the history", delivery.Warning, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("rm -rf .git", "its repository is gone")]
    [InlineData("mv .git ../elsewhere; ln -s ../elsewhere .git", "its repository is gone")]
    [InlineData("echo /tmp > .git/objects/info/alternates", "borrows objects from elsewhere")]
    [InlineData("echo x > x; git add x; git commit -qm x; echo y > x; git commit -qam y; rm -f $(git rev-parse HEAD~1:x | sed 's|..|.git/objects/&/|')", "git cannot read them")]
    public async Task What_cannot_be_kept_is_one_commit_and_that_is_said(string script, string reason)
    {
        var (origin, workspace) = await OpenAsync();
        var delivery = await DeliverAsync(workspace, $"{script}; echo work > work.txt");
        Assert.Equal("1", await origin.GitAsync("rev-list", "--count", $"{delivery.BaseCommit}..{delivery.Commit}"));
        Assert.Contains(reason, delivery.Warning, StringComparison.Ordinal);
    }

    [Fact]
    public async Task What_others_committed_keeps_its_id_and_a_merge_stays_one()
    {
        var (origin, workspace) = await OpenAsync(async origin =>
        {
            await origin.GitAsync("checkout", "--quiet", "-b", "feature");
            await origin.CommitAsync(("feature.txt", "theirs"));
            await origin.GitAsync("checkout", "--quiet", "main");
        });
        var feature = await origin.GitAsync("rev-parse", "feature");
        var delivery = await DeliverAsync(workspace, "echo 1 > one.txt; git add .; git commit -qm One; git merge -q --no-edit origin/feature");

        Assert.Null(delivery.Warning);
        Assert.Equal(feature, await origin.GitAsync("rev-parse", $"{delivery.Commit}^2"));
        Assert.Equal("One", await origin.GitAsync("log", "-1", "--format=%s", $"{delivery.Commit}^1"));
    }

    [Fact]
    public async Task Nothing_that_the_agent_configured_in_its_repository_is_run()
    {
        var (_, workspace) = await OpenAsync();
        var delivery = await DeliverAsync(workspace, """
            printf '#!/bin/sh\ntouch %s/ran\n' "$(dirname "$PWD")" > evil; chmod +x evil; e="$PWD/evil"
            for hook in pre-commit post-commit pre-push post-checkout reference-transaction fsmonitor-watchman; do mkdir -p .git/hooks; cp evil .git/hooks/$hook; done
            echo 1 > one.txt; git add one.txt; git -c core.hooksPath=/dev/null commit -qm One
            git config core.fsmonitor "$e"; git config core.sshCommand "$e"; git config core.pager "$e"; git config uploadpack.packObjectsHook "$e"
            git config core.alternateRefsCommand "$e"; git config filter.x.clean "$e"; git config filter.x.smudge "$e"; git config gpg.program "$e"; git config commit.gpgSign true
            git config diff.external "$e"; git config extensions.partialClone origin; git config remote.origin.promisor true; git config remote.origin.uploadpack "$e"
            echo '* filter=x' > .gitattributes
            """);

        Assert.Null(delivery.Warning);
        Assert.False(File.Exists(Path.Combine(workspace.Folder.Root, "ran")));
    }

    public void Dispose() => _bench.Dispose();

    private async Task<(TestRepository Origin, Workspace Workspace)> OpenAsync(Func<TestRepository, Task>? prepare = null)
    {
        var origin = await _bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        await (prepare ?? (_ => Task.CompletedTask))(origin);
        return (origin, await _bench.OpenAsync(origin));
    }

    private async Task<Delivery> DeliverAsync(Workspace workspace, string script)
    {
        await _bench.RunAsync(workspace, script);
        return await _bench.DeliverAsync(workspace, new(_task, new() { Push = true, Commits = CommitHistory.Keep, CommitMessage = "The work" }, "Do it", null, FinishedAt));
    }
}
