using System.Net;
using CodeAgent.Api.RateLimits;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tests.Running;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.RateLimits;

public sealed class RateLimitTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>, IAsyncLifetime
{
    private readonly string _config = Directory.CreateTempSubdirectory("codeagent-config-").FullName;
    private ApiServer? _server;

    async ValueTask IAsyncDisposable.DisposeAsync()
    {
        await DisposeAsync();
        if (_server is not null)
        {
            await _server.DisposeAsync();
        }

        Directory.Delete(_config, recursive: true);
    }

    [Fact]
    public async Task What_is_left_is_said_with_each_answer_and_what_is_too_much_is_refused()
    {
        var server = await StartAsync("caller: { requests: 1, per: 1h, burst: 3 }");
        var (one, other) = (Keep(server.Client(await KeyAsync())), Keep(server.Client(await KeyAsync())));
        for (var left = 2; left >= 0; left--)
        {
            using var answer = await one.Http.GetAsync("/v1/tasks", Stop);
            Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
            Assert.Equal("\"caller\";q=3;w=10800", Header(answer, "RateLimit-Policy"));
            Assert.Equal($"\"caller\";r={left};t={(3 - left) * 3600}", Header(answer, "RateLimit"));
        }

        using var refused = await one.PostTextAsync("/v1/tasks", """{ "prompt": "x" }""");
        Assert.InRange(refused.Headers.RetryAfter!.Delta!.Value, TimeSpan.FromMinutes(50), TimeSpan.FromHours(1));
        Assert.Equal("\"caller\";r=0;t=10800", Header(refused, "RateLimit"));
        await ApiClient.ExpectProblemAsync(refused, HttpStatusCode.TooManyRequests, "too-many-requests");

        // It is the caller's own limit, and a health check has none.
        Assert.Empty((await other.ListAsync()).Items);
        using var health = await one.Http.GetAsync("/alive", Stop);
        Assert.False(health.Headers.Contains("RateLimit"));
    }

    [Fact]
    public async Task The_callers_of_a_tenant_share_its_limit()
    {
        var server = await StartAsync("tenant: { requests: 1, per: 1h, burst: 2 }");
        var (one, other, stranger) = (Keep(server.Client(await KeyAsync("ours"))), Keep(server.Client(await KeyAsync("ours"))), Keep(server.Client(await KeyAsync("theirs"))));
        await one.ListAsync();
        using var second = await other.Http.GetAsync("/v1/tasks", Stop);
        Assert.Equal("\"caller\";q=20000;w=2, \"tenant\";q=2;w=7200", Header(second, "RateLimit-Policy"));
        Assert.EndsWith("\"tenant\";r=0;t=7200", Header(second, "RateLimit"), StringComparison.Ordinal);

        await ApiClient.ExpectProblemAsync(await one.Http.GetAsync("/v1/tasks", Stop), HttpStatusCode.TooManyRequests, "too-many-requests");
        await stranger.ListAsync();
    }

    [Fact]
    public async Task Whoever_tries_keys_is_limited_by_address_and_keeps_nobody_else_out()
    {
        var server = await StartAsync("anonymous: { requests: 1, per: 1h, burst: 2 }");
        for (var i = 0; i < 2; i++)
        {
            using var guess = server.Client($"ca_guess-{i}");
            await ApiClient.ExpectProblemAsync(await guess.Http.GetAsync("/v1/tasks", Stop), HttpStatusCode.Unauthorized, "unauthorized");
        }

        using var third = server.Client("ca_guess-3");
        await ApiClient.ExpectProblemAsync(await third.Http.GetAsync("/v1/tasks", Stop), HttpStatusCode.TooManyRequests, "too-many-requests");
        await Keep(server.Client()).ListAsync();
    }

    [Fact]
    public async Task A_stream_counts_once_however_long_and_only_so_many_are_open_at_once()
    {
        var server = await StartAsync("streams: 2");
        var (client, other) = (Keep(server.Client(await KeyAsync())), Keep(server.Client(await KeyAsync())));
        var task = await Keep(server.Client()).SubmitAsync();
        var path = $"/v1/tasks/{task.Id}/events";
        var first = await client.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop);
        using var second = await client.Http.GetAsync("/v1/status/events", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal((HttpStatusCode.OK, HttpStatusCode.OK), (first.StatusCode, second.StatusCode));

        using var third = await client.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(TimeSpan.FromSeconds(5), third.Headers.RetryAfter?.Delta);
        await ApiClient.ExpectProblemAsync(third, HttpStatusCode.TooManyRequests, "too-many-streams");
        Assert.NotEmpty((await client.EventsAsync(task.Id)).Items);
        using var others = await other.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(HttpStatusCode.OK, others.StatusCode);

        first.Dispose();
        await Eventually.TrueAsync(async () =>
        {
            using var again = await client.Http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, Stop);
            return again.StatusCode == HttpStatusCode.OK;
        }, Limit, "the place of the closed stream is free");
    }

    [Fact]
    public async Task A_changed_limit_is_in_force_without_a_restart()
    {
        var server = await StartAsync("caller: { requests: 5 }");
        var client = Keep(server.Client(await KeyAsync()));

        await WriteAsync("caller: { requests: 7, per: 1m, burst: 1000 }");

        await Eventually.TrueAsync(async () =>
        {
            using var answer = await client.Http.GetAsync("/v1/tasks", Stop);
            return Header(answer, "RateLimit-Policy") == "\"caller\";q=1000;w=8572";
        }, Limit, "the new limit is said");
    }

    [Theory]
    [InlineData("caller: { requests: 0 }", "rateLimits.caller.requests")]
    [InlineData("tenant: { per: 1m }", "rateLimits.tenant.requests")]
    [InlineData("anonymous: { requests: 1, per: 1ms }", "rateLimits.anonymous.per")]
    [InlineData("streams: 0", "rateLimits.streams")]
    public async Task A_limit_that_makes_no_sense_is_refused(string limits, string path)
    {
        await WriteAsync(limits);

        var refused = await Assert.ThrowsAsync<ConfigFileException>(() => ConfigFile.LoadAsync<ApiConfig>(Path.Combine(_config, "api.yaml"), _ => null, ApiConfig.Validate, Stop));

        Assert.Equal(path, Assert.Single(refused.Problems).Path);
    }

    [Theory]
    [InlineData(10_000, 1, 1_000, 0.1)]
    [InlineData(1, 3600, 1, 3600)]
    [InlineData(60, 60, 1, 1)]
    [InlineData(15, 1, 2, 2 / 15.0)]
    public void A_bucket_fills_in_steps_as_even_as_they_can_be(int requests, int seconds, int step, double period)
    {
        var refill = new RateLimit { Requests = requests, Per = TimeSpan.FromSeconds(seconds) }.Refill;

        Assert.Equal(step, refill.Requests);
        Assert.Equal(period, refill.Period.TotalSeconds, 6);
    }

    private async Task<string> KeyAsync(string? tenant = null)
    {
        var secret = Secret.NewKey();
        await Server.Services.GetRequiredService<KeyStore>().AddAsync(
            new(Guid.CreateVersion7().ToString("N"), "x", [Scopes.Read, Scopes.Submit], DateTimeOffset.UnixEpoch) { Tenant = tenant }, secret);
        return secret;
    }

    private static string Header(HttpResponseMessage answer, string name) => answer.Headers.GetValues(name).Single();

    private Task WriteAsync(string limits) => File.WriteAllTextAsync(Path.Combine(_config, "api.yaml"), $"rateLimits:\n  {limits}\n", Stop);

    private async Task<ApiServer> StartAsync(string limits)
    {
        await WriteAsync(limits);
        return _server = ApiServer.Start(Redis.ConnectionString, Folder, ("Config:Directory", _config));
    }
}
