using System.Net;
using System.Text;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Authorization;
using Microsoft.AspNetCore.Routing;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Identity;

public sealed class TenantsOnGarnet(ApiOn<GarnetFixture> fixture) : TenantTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class TenantsOnRedis(ApiOn<RedisServerFixture> fixture) : TenantTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

/// <summary>What is one tenant's is not there for another.</summary>
public abstract class TenantTests(IApiFixture fixture) : ApiTests(fixture)
{
    private const string Content = "what only ours may read";

    // Bodies that the endpoint would take of its own tenant: a refusal of the body would say nothing about the task.
    private static readonly Dictionary<string, string> Bodies = new()
    {
        ["POST /v1/tasks/{id:guid}/messages"] = """{ "text": "hello" }""",
    };

    [Fact]
    public async Task To_another_tenant_a_task_is_not_there_at_any_address_and_nothing_changes()
    {
        var (ours, theirs) = (await OfAsync("ours"), await OfAsync("theirs"));
        var task = await FilledTaskAsync(ours);
        var before = await KeptAsync(task);

        var tried = 0;
        foreach (var (method, pattern) in Endpoints().Where(endpoint => endpoint.Pattern.Contains("/tasks/{id", StringComparison.Ordinal)))
        {
            var (crossed, missing) = (await SendAsync(theirs, method, pattern, task), await SendAsync(theirs, method, pattern, Guid.CreateVersion7()));
            Assert.True(crossed.StatusCode == HttpStatusCode.NotFound, $"{method} {pattern} answers {(int)crossed.StatusCode}; where it needs a body, this test needs one");
            Assert.Equal(await WithoutCorrelationAsync(missing), await WithoutCorrelationAsync(crossed));
            Assert.Equal(Names(missing), Names(crossed));
            Assert.Equal(before, await KeptAsync(task));
            tried++;
        }

        Assert.InRange(tried, 7, int.MaxValue);
    }

    [Fact]
    public async Task The_same_addresses_answer_their_own_tenant_and_the_house()
    {
        var ours = await OfAsync("ours");
        var task = await FilledTaskAsync(ours);

        foreach (var client in (ApiClient[])[ours, Api])
        {
            Assert.Equal(task, (await client.GetAsync(task)).Id);
            Assert.Equal(Content, await client.Http.GetStringAsync($"/v1/tasks/{task}/artifacts/notes", Stop));
            Assert.NotEmpty((await client.EventsAsync(task)).Items);
        }

        using var said = await ours.PostTextAsync($"/v1/tasks/{task}/messages", """{ "text": "hello" }""");
        Assert.Equal(HttpStatusCode.Accepted, said.StatusCode);
        Assert.True((await ours.ChangeAsync(task, "cancel")).CancelRequested);
    }

    [Fact]
    public async Task A_list_has_only_the_tenants_own_by_whatever_it_is_filtered()
    {
        var (ours, theirs) = (await OfAsync("ours"), await OfAsync("theirs"));
        var labelled = ApiClient.Script() with { Labels = new Dictionary<string, string> { ["team"] = "a" } };
        var own = await ours.SubmitAsync(labelled);
        var other = await theirs.SubmitAsync(labelled);
        var house = await Api.SubmitAsync(labelled);

        foreach (var query in (string[])["", "?status=queued", "?label=team:a", "?label=team:a&status=queued", $"?cursor={Guid.Parse("ffffffff-ffff-7fff-bfff-ffffffffffff")}"])
        {
            Assert.Equal([own.Id], Ids(await ours.ListAsync(query)));
            Assert.Equal([other.Id], Ids(await theirs.ListAsync(query)));
            Assert.Equal([house.Id, other.Id, own.Id], Ids(await Api.ListAsync(query)));
        }

        // Another's id as the cursor shows no more than any other place in time does.
        Assert.Equal([own.Id], Ids(await ours.ListAsync($"?cursor={other.Id}")));
        await ours.ChangeAsync(own.Id, "cancel");
        Assert.Empty((await ours.ListAsync("?status=queued")).Items);
        Assert.Equal([own.Id], Ids(await ours.ListAsync("?status=canceled")));
        Assert.Empty((await theirs.ListAsync("?status=canceled")).Items);
    }

    [Fact]
    public async Task The_status_counts_what_is_the_tenants_own_and_names_no_worker()
    {
        var (ours, theirs) = (await OfAsync("ours"), await OfAsync("theirs"));
        await ours.SubmitAsync();
        Assert.NotNull(await Worker.ClaimAsync("a-worker"));
        await Task.WhenAll(theirs.SubmitAsync(), theirs.SubmitAsync(), Api.SubmitAsync());
        var waiting = await ours.SubmitAsync(ApiClient.Script() with { Agent = new() { Name = AgentNames.Codex } });

        var text = await ours.Http.GetStringAsync("/v1/status", Stop);
        var status = await StatusAsync(ours);

        Assert.Equal((1L, 1L, waiting.CreatedAt), (status.Tasks["queued"], status.Tasks["running"], status.OldestQueuedAt));
        Assert.DoesNotContain("a-worker", text, StringComparison.Ordinal);
        Assert.Empty(status.Workers);
        Assert.Equal((2L, 0L), ((await StatusAsync(theirs)).Tasks["queued"], (await StatusAsync(theirs)).Tasks["running"]));
        Assert.Equal(4, (await StatusAsync(Api)).Tasks["queued"]);
        Assert.Equal("a-worker", Assert.Single((await StatusAsync(Api)).Workers).Name);
    }

    [Fact]
    public async Task What_concerns_all_tenants_is_closed_to_a_key_of_one_whatever_its_scopes_say()
    {
        var everything = await OfAsync("ours", [.. Scopes.All]);
        await Api.SubmitAsync();

        using var claim = await everything.PostAsync("/v1/leases", new() { Worker = "w", Agents = [AgentNames.Command], Capacity = 1 }, ContractsJson.Default.ClaimRequest);

        await ApiClient.ExpectProblemAsync(claim, HttpStatusCode.Forbidden, "forbidden");
    }

    [Fact]
    public async Task The_addresses_of_leases_say_the_same_of_a_task_that_is_anothers_and_of_none()
    {
        var theirs = await OfAsync("theirs", [.. Scopes.All]);
        var task = await FilledTaskAsync(await OfAsync("ours"));

        foreach (var (method, pattern) in Endpoints().Where(endpoint => endpoint.Pattern.Contains("/leases/{taskId", StringComparison.Ordinal)))
        {
            var (crossed, missing) = (await SendAsync(theirs, method, pattern, task), await SendAsync(theirs, method, pattern, Guid.CreateVersion7()));
            Assert.Equal(HttpStatusCode.Forbidden, crossed.StatusCode);
            Assert.Equal(await WithoutCorrelationAsync(missing), await WithoutCorrelationAsync(crossed));
        }
    }

    private async Task<ApiClient> OfAsync(string tenant, params string[] scopes)
    {
        var secret = Secret.NewKey();
        var key = new KeyRecord(Guid.CreateVersion7().ToString("N"), tenant, scopes is [] ? [Scopes.Read, Scopes.Submit] : scopes, DateTimeOffset.UnixEpoch) { Tenant = tenant };
        await Server.Services.GetRequiredService<KeyStore>().AddAsync(key, secret);
        return Keep(Server.Client(secret));
    }

    // Runs, has events, and an artifact; and whatever can be done to a task can be done to it.
    private async Task<Guid> FilledTaskAsync(ApiClient client)
    {
        var task = await client.SubmitAsync(ApiClient.Script() with { Agent = new() { Name = AgentNames.Builtin } });
        var held = With((await Worker.ClaimAsync())!);
        await held.ReportAsync(task.Id, 0, Content);
        using var stored = await held.Http.PutAsync($"/v1/leases/{task.Id}/artifacts/notes", new StringContent(Content), Stop);
        Assert.Equal(HttpStatusCode.OK, stored.StatusCode);
        return task.Id;
    }

    private IEnumerable<(string Method, string Pattern)> Endpoints() =>
        from endpoint in Server.Services.GetRequiredService<EndpointDataSource>().Endpoints.OfType<RouteEndpoint>()
        where endpoint.Metadata.GetMetadata<IAllowAnonymous>() is null
        from method in endpoint.Metadata.GetMetadata<HttpMethodMetadata>()?.HttpMethods ?? []
        select (method, endpoint.RoutePattern.RawText!);

    private static async Task<HttpResponseMessage> SendAsync(ApiClient client, string method, string pattern, Guid task)
    {
        var path = pattern.Replace("{id:guid}", $"{task}", StringComparison.Ordinal).Replace("{taskId:guid}", $"{task}", StringComparison.Ordinal)
            .Replace("{name}", "notes", StringComparison.Ordinal);
        using var request = new HttpRequestMessage(new(method), path);
        if (Bodies.TryGetValue($"{method} {pattern}", out var body))
        {
            request.Content = new StringContent(body, Encoding.UTF8, "application/json");
        }

        return await client.Http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, Stop);
    }

    private static async Task<string> WithoutCorrelationAsync(HttpResponseMessage answer)
    {
        var text = await answer.Content.ReadAsStringAsync(Stop);
        return answer.Headers.TryGetValues("X-Correlation-Id", out var id) ? text.Replace(id.Single(), "", StringComparison.Ordinal) : text;
    }

    private static IEnumerable<string> Names(HttpResponseMessage answer) => answer.Headers.Select(header => header.Key).Order();

    private async Task<string> KeptAsync(Guid task)
    {
        var fields = await Redis.Client.GetDatabase().HashGetAllAsync(RedisKeys.Task(task));
        return string.Join('\n', fields.OrderBy(field => (string)field.Name!).Select(field => $"{field.Name} {field.Value}"));
    }

    private static async Task<SystemStatus> StatusAsync(ApiClient client)
    {
        using var answer = await client.Http.GetAsync("/v1/status", Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.SystemStatus);
    }

    private static IEnumerable<Guid> Ids(Page<TaskView> page) => page.Items.Select(task => task.Id);
}
