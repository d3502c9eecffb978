using System.Net;
using System.Net.Http.Json;
using CodeAgent.Api.Audit;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Api.Tests.Audit;

public sealed class AuditOnGarnet(ApiOn<GarnetFixture> fixture) : AuditTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class AuditOnRedis(ApiOn<RedisServerFixture> fixture) : AuditTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;

public abstract class AuditTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task Every_change_is_noted_with_who_what_when_and_how_it_ended()
    {
        var before = TimeProvider.System.GetUtcNow();
        using var submitted = await Api.PostTextAsync("/v1/tasks", """{ "prompt": "true", "agent": { "name": "command" } }""");
        var task = submitted.Headers.Location!.ToString().Split('/')[^1];
        await Api.ListAsync();
        await Api.ChangeAsync(Guid.Parse(task), "cancel");
        using var refused = await Api.PostAsync($"/v1/tasks/{Guid.Empty}/retry");
        using var made = await Api.PostTextAsync("/v1/keys", """{ "name": "x", "scopes": ["read"] }""");
        var key = (await made.Content.ReadFromJsonAsync<Dictionary<string, object>>(Stop))!["id"].ToString()!;
        await Api.Http.DeleteAsync($"/v1/keys/{key}", Stop);

        var log = await ReadAsync(Api, 5);

        Assert.Equal(
            [
                ("DELETE /v1/keys/{id}", key, 204),
                ("POST /v1/keys", key, 201),
                ("POST /v1/tasks/{id:guid}/retry", $"{Guid.Empty}", 404),
                ("POST /v1/tasks/{id:guid}/cancel", task, 200),
                ("POST /v1/tasks", task, 201),
            ],
            log.Select(entry => (entry.Action, entry.Target!, entry.Status)));
        Assert.Equal([5L, 4, 3, 2, 1], log.Select(entry => entry.Number));
        Assert.All(log, entry => Assert.Equal(("development", "127.0.0.1", null), (entry.Subject, entry.Address, entry.Tenant)));
        Assert.All(log, entry => Assert.InRange(entry.At, before, TimeProvider.System.GetUtcNow()));
        Assert.Equal(submitted.Headers.GetValues("X-Correlation-Id").Single(), log[^1].CorrelationId);
    }

    [Fact]
    public async Task What_workers_report_is_not_noted_and_what_they_are_refused_is()
    {
        await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        var held = With(lease);
        await held.ReportAsync(lease.TaskId, 0, "x");
        await held.CompleteAsync(lease.TaskId);
        using var refused = await Worker.PostTextAsync("/v1/tasks", """{ "prompt": "x" }""");

        var log = await ReadAsync(Api, 2);

        Assert.Equal([("worker", "POST /v1/tasks", 403), ("development", "POST /v1/tasks", 201)], log.Select(entry => (entry.Subject, entry.Action, entry.Status)));
    }

    [Fact]
    public async Task Changes_that_come_to_nothing_do_not_push_the_rest_out()
    {
        using var careless = Server.Client(await KeyAsync(null, Scopes.Submit));
        await careless.SubmitAsync();
        for (var i = 0; i < 50; i++)
        {
            using var refused = await careless.PostTextAsync("/v1/tasks", "{");
            Assert.Equal(HttpStatusCode.BadRequest, refused.StatusCode);
        }

        await careless.SubmitAsync();

        // A minute may have ended in between.
        var log = await ReadAsync(Api, 32, entry => entry.Status == 201);
        Assert.Equal(2, log.Count(entry => entry.Status == 201));
        Assert.InRange(log.Count(entry => entry.Status == 400), 30, 49);
    }

    [Fact]
    public async Task Refusals_are_noted_but_a_flood_of_them_does_not_push_the_rest_out()
    {
        using var stranger = Server.Client("ca_guess");
        for (var i = 0; i < 50; i++)
        {
            using var answer = await stranger.Http.GetAsync("/v1/tasks", Stop);
        }

        await Api.SubmitAsync();
        var log = await ReadAsync(Api, 2, entry => entry.Status == 201);

        var refusals = log.Where(entry => entry.Status == 401).ToList();
        Assert.InRange(refusals.Count, 1, 30);
        Assert.All(refusals, entry => Assert.Equal(("nobody", "GET /v1/tasks", "127.0.0.1"), (entry.Subject, entry.Action, entry.Address)));
        Assert.DoesNotContain("ca_guess", await Api.Http.GetStringAsync("/v1/audit", Stop), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_tenants_admin_sees_what_its_tenant_did_and_nobody_else_sees_anything()
    {
        var (ours, theirs) = (await AdminAsync("ours"), await AdminAsync("theirs"));
        var own = await ours.SubmitAsync();
        using var crossed = await theirs.PostAsync($"/v1/tasks/{own.Id}/cancel");
        await Api.SubmitAsync();

        Assert.Equal([("POST /v1/tasks", "ours")], (await ReadAsync(ours, 1)).Select(entry => (entry.Action, entry.Tenant!)));
        Assert.Equal([("POST /v1/tasks/{id:guid}/cancel", "theirs", 404)], (await ReadAsync(theirs, 1)).Select(entry => (entry.Action, entry.Tenant!, entry.Status)));
        Assert.Equal([null, "theirs", "ours"], (await ReadAsync(Api, 3)).Select(entry => entry.Tenant));
        using var reader = Server.Client(await KeyAsync(null, Scopes.Read));
        await ApiClient.ExpectProblemAsync(await reader.Http.GetAsync("/v1/audit", Stop), HttpStatusCode.Forbidden, "forbidden");
        Assert.Equal(("GET /v1/audit", 403), ((await ReadAsync(Api, 4))[0].Action, (await ReadAsync(Api, 4))[0].Status));
    }

    [Fact]
    public async Task The_log_comes_in_pages_that_do_not_move_and_keeps_only_so_many()
    {
        var log = new AuditLog(Redis.Client);
        await log.AppendAsync([.. Enumerable.Range(1, 7).Select(Entry)], keep: 5);

        var first = await log.ReadAsync(null, 0, 2);
        await log.AppendAsync([Entry(8)], keep: 5);
        var second = await log.ReadAsync(null, long.Parse(first.Next!, System.Globalization.CultureInfo.InvariantCulture), 2);
        var all = await log.ReadAsync(null, 0, 100);

        Assert.Equal([(7L, "7"), (6L, "6")], first.Items.Select(entry => (entry.Number, entry.Target!)));
        Assert.Equal([(5L, "5"), (4L, "4")], second.Items.Select(entry => (entry.Number, entry.Target!)));
        Assert.Null(second.Next);
        Assert.Equal([8L, 7, 6, 5, 4], all.Items.Select(entry => entry.Number));
        Assert.Empty((await log.ReadAsync(null, 2, 100)).Items);
        Assert.Empty((await log.ReadAsync("nobody", 0, 100)).Items);
    }

    [Fact]
    public async Task What_finds_no_room_is_lost_and_that_is_said()
    {
        var log = new AuditLog(Redis.Client);
        var config = Server.Services.GetRequiredService<ConfigFile<ApiConfig>>();
        using var writer = new AuditWriter(log, config, TimeProvider.System, NullLogger<AuditWriter>.Instance);
        for (var i = 0; i < AuditWriter.Capacity + 3; i++)
        {
            writer.Write(Entry(i));
        }

        await writer.StartAsync(Stop);
        await Eventually.TrueAsync(async () => (await log.ReadAsync(null, 0, 1)).Items is [{ Number: AuditWriter.Capacity + 1 }], Limit, "all is written");
        await writer.StopAsync(Stop);

        var said = (await log.ReadAsync(null, 0, 10_000)).Items.Single(entry => entry.Note is not null);
        Assert.Equal(("overflow", "3 entries got lost: more came than could be written."), (said.Action, said.Note));
    }

    [Fact]
    public async Task What_waits_when_the_service_stops_is_written()
    {
        var log = new AuditLog(Redis.Client);
        using var writer = new AuditWriter(log, Server.Services.GetRequiredService<ConfigFile<ApiConfig>>(), TimeProvider.System, NullLogger<AuditWriter>.Instance);
        await writer.StartAsync(Stop);
        for (var i = 0; i < 2_000; i++)
        {
            writer.Write(Entry(i));
        }

        await writer.StopAsync(Stop);

        Assert.Equal(2_000, (await log.ReadAsync(null, 0, 1)).Items.Single().Number);
    }

    [Fact]
    public async Task A_bad_cursor_is_refused()
    {
        foreach (var cursor in (string[])["x", "0", "-1", "99999999999999999999"])
        {
            await ApiClient.ExpectProblemAsync(await Api.Http.GetAsync($"/v1/audit?cursor={cursor}", Stop), HttpStatusCode.BadRequest, "invalid-field", "cursor");
        }
    }

    private static AuditEntry Entry(int number) =>
        new() { At = DateTimeOffset.UnixEpoch, Subject = "x", Action = "POST /", Status = 200, Target = number.ToString(System.Globalization.CultureInfo.InvariantCulture) };

    // Written a moment after the answer.
    private static Task<IReadOnlyList<AuditEntry>> ReadAsync(ApiClient client, int count, Func<AuditEntry, bool>? until = null) => Eventually.GetAsync(async () =>
    {
        using var answer = await client.Http.GetAsync("/v1/audit", Stop);
        var page = await ApiClient.ReadAsync(answer, HttpStatusCode.OK, AuditJson.Default.PageAuditEntry);
        return page.Items.Count >= count && (until is null || page.Items.Any(until)) ? page.Items : null;
    }, Limit, $"{count} entries are there");

    private async Task<ApiClient> AdminAsync(string tenant) => Keep(Server.Client(await KeyAsync(tenant, Scopes.Admin, Scopes.Submit)));

    private async Task<string> KeyAsync(string? tenant, params string[] scopes)
    {
        var secret = Secret.NewKey();
        await Server.Services.GetRequiredService<KeyStore>().AddAsync(new(Guid.CreateVersion7().ToString("N"), "x", scopes, DateTimeOffset.UnixEpoch) { Tenant = tenant }, secret);
        return secret;
    }
}
