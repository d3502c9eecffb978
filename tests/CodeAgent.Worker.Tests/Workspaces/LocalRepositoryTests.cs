using CodeAgent.Contracts;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class LocalRepositoryTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Theory]
    [InlineData("mkdir bait; echo \"gitdir: $PWD/secret/.git\" > bait/.git", "Name the repository itself.")]
    [InlineData("mkdir bait; ln -s $PWD/secret/.git bait/.git", "Its .git is a link to another place.")]
    [InlineData("ln -s $PWD/secret/.git bait.git", "Its .git is a link to another place.")]
    [InlineData("git init -q bait; echo $PWD/secret/.git > bait/.git/commondir", "Name the repository itself.")]
    [InlineData("git init -q --bare bait; rm -rf bait/refs; ln -s $PWD/secret/.git/refs bait/refs", "Its refs are a link to another place.")]
    [InlineData("git init -q --bare bait; rm -rf bait/objects; ln -s $PWD/secret/.git/objects bait/objects", "Its objects are a link to another place.")]
    [InlineData("mkdir -p work/tasks/x-1/tree; cp -r secret work/tasks/x-1/tree/sub; ln -s work/tasks/x-1/tree/sub bait", "It is in the worker's own folder.")]
    [InlineData("git clone -q --bare secret work/cache/y.git; ln -s work/cache/y.git bait", "It is in the worker's own folder.")]
    [InlineData("true", "There is no ")]
    [InlineData("mv secret bait", null)]
    [InlineData("git clone -q --bare secret bait.git", null)]
    [InlineData("ln -s secret bait", null)]
    public async Task What_leads_elsewhere_is_not_fetched_from(string script, string? reason)
    {
        await Bash.RunAsync(_bench[""], $"git init -q secret; cd secret; git -c user.name=a -c user.email=a@b commit -q --allow-empty -m secret; cd ..; {script}");
        var failed = await Record.ExceptionAsync(() => _bench.Cache.FetchAsync(new() { Url = new Uri(_bench["bait"]).AbsoluteUri }, TestContext.Current.CancellationToken));
        if (reason is null)
        {
            Assert.Null(failed);
            return;
        }

        var failure = Assert.IsType<TaskFailedException>(failed);
        Assert.Equal(FailureCodes.RepositoryUnavailable, failure.Failure.Code);
        Assert.Contains(reason, failure.Message, StringComparison.Ordinal);
    }

    public void Dispose() => _bench.Dispose();
}
