using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Deliveries;

public sealed class PushRightTests
{
    [Fact]
    public async Task A_token_that_may_only_read_ends_the_task_before_the_agent_is_asked()
    {
        await using var bench = await WorkerBench.StartAsync();
        await using var server = await GitServer.StartAsync(bench[""], "token");
        server.ReadOnly = true;
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, Token = new ConfigSecret("token") });
        var task = bench.Api.Offer(WorkerBench.Script("echo I ran", origin, request =>
        {
            request.Repository = new() { Url = server.UrlOf(origin) };
            request.Delivery.Push = true;
        }));

        var end = await task.EndAsync();
        Assert.Equal(FailureCodes.DeliveryFailed, end.Failure!.Code);
        Assert.StartsWith("The worker may not push to http://", end.Failure.Message, StringComparison.Ordinal);
        Assert.Contains("403", end.Failure.Message, StringComparison.Ordinal);
        Assert.Equal("", task.Output);
        Assert.Equal(0, end.Turns);
    }

    [Fact]
    public async Task A_branch_that_is_there_already_ends_the_task_before_the_agent_is_asked()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        var head = await origin.CommitAsync(("a.txt", "1"));
        await origin.GitAsync("branch", "taken");
        var task = bench.Api.Offer(WorkerBench.Script("echo I ran", origin, request => request.Delivery = new() { Branch = "taken", Push = true }));

        var end = await task.EndAsync();
        Assert.Equal(FailureCodes.DeliveryFailed, end.Failure!.Code);
        Assert.Contains("The branch taken exists", end.Failure.Message, StringComparison.Ordinal);
        Assert.Equal("", task.Output);
        Assert.Equal(head, await origin.GitAsync("rev-parse", "taken"));
    }

    [Fact]
    public async Task To_find_out_makes_nothing_at_the_other_side()
    {
        await using var bench = await WorkerBench.StartAsync();
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var seen = "";
        bench.Agent = async (run, _) =>
        {
            seen = await origin.GitAsync("for-each-ref", "--format=%(refname)");
            return new() { Usage = run.Usage };
        };

        var end = await bench.Api.Offer(WorkerBench.Played(origin, request => request.Delivery.Push = true)).EndAsync();
        Assert.True(end.Delivery!.Pushed);
        Assert.Equal("refs/heads/main", seen);
    }

    [Fact]
    public async Task Without_a_push_nobody_asks_for_the_right_to()
    {
        using var bench = new WorkspaceBench();
        await using var server = await bench.ServerAsync("token");
        server.ReadOnly = true;
        bench.Options.Credentials.Add(new() { Host = server.Host, AllowHttp = true, Token = new ConfigSecret("token") });
        var origin = await bench.RepositoryAsync();
        await origin.CommitAsync(("a.txt", "1"));
        var workspace = await bench.OpenAsync(WorkspaceBench.LeaseFor(new() { Url = server.UrlOf(origin) }));

        await bench.Deliverer.RequirePushAsync(workspace, new(Guid.NewGuid(), new(), "", null, default), mayExist: false, TestContext.Current.CancellationToken);
        Assert.DoesNotContain(server.Requests, request => request.Contains("receive-pack", StringComparison.Ordinal));
    }
}
