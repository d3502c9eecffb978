using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class ConcurrentFetchTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task Who_waits_for_a_fetch_that_began_after_it_asked_does_not_fetch_again()
    {
        await using var server = await ServerAsync();
        var origin = await _bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1"));
        var second = new RepositoryCache(_bench.Folders, _bench.Git, TimeProvider.System, NullLogger<RepositoryCache>.Instance);
        server.Before = _ => Task.Delay(200, TestContext.Current.CancellationToken);

        // The first goes ahead alone; the others all ask while it is under way, and the first of them to get its turn fetches for all.
        var all = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => (i % 2 == 0 ? _bench.Cache : second).FetchAsync(new() { Url = server.UrlOf(origin) }, TestContext.Current.CancellationToken)));
        Assert.All(all, commit => Assert.Equal(head, commit.Commit));
        Assert.InRange(Fetches(server), 1, 2);
    }

    [Fact]
    public async Task What_was_pushed_before_a_task_asked_is_seen_even_if_a_fetch_was_under_way()
    {
        await using var server = await ServerAsync();
        var origin = await _bench.RepositoryAsync();
        var old = await origin.CommitAsync(("a.txt", "1"));
        var reached = new TaskCompletionSource();
        var go = new TaskCompletionSource();
        var posts = 0;
        server.Before = http =>
        {
            // The first asks for the branches, the second for what is behind them.
            if (http.Request.Method == "POST" && Interlocked.Increment(ref posts) == 2)
            {
                reached.TrySetResult();
                return go.Task;
            }

            return Task.CompletedTask;
        };
        var first = _bench.Cache.FetchAsync(new() { Url = server.UrlOf(origin) }, TestContext.Current.CancellationToken);
        await reached.Task;

        // The server has told its branches, and now there is something new.
        var newest = await origin.CommitAsync(("a.txt", "2"));
        var second = _bench.Cache.FetchAsync(new() { Url = server.UrlOf(origin) }, TestContext.Current.CancellationToken);
        go.SetResult();
        Assert.Equal(old, (await first).Commit);
        Assert.Equal(newest, (await second).Commit);
    }

    public void Dispose() => _bench.Dispose();

    private static int Fetches(GitServer server) => server.Requests.Count(request => request.StartsWith("GET", StringComparison.Ordinal) && request.EndsWith("git-upload-pack", StringComparison.Ordinal));

    private async Task<GitServer> ServerAsync()
    {
        var server = await _bench.ServerAsync("token");
        _bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, Token = new ConfigSecret("token") });
        return server;
    }
}
