using System.Net;
using System.Text;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

public abstract class FollowedLogTests(IApiFixture fixture) : ApiTests(fixture)
{
    [Fact]
    public async Task The_log_of_a_task_grows_while_it_runs_and_ends_with_it()
    {
        var task = await Api.SubmitAsync();
        using var answer = await OpenAsync(Api, task.Id);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        Assert.Equal("text/plain", answer.Content.Headers.ContentType?.MediaType);
        Assert.EndsWith(" task.queued {}", await LineAsync(reader), StringComparison.Ordinal);

        var held = With((await Worker.ClaimAsync())!);
        Assert.Contains(" task.claimed {\"worker\":\"w1\"", await LineAsync(reader), StringComparison.Ordinal);
        await held.ReportAsync(task.Id, 0, "one\ntwo\n");
        Assert.Equal(["1970-01-01T00:00:00.000Z output", "    one", "    two"], [await LineAsync(reader), await LineAsync(reader), await LineAsync(reader)]);
        await held.CompleteAsync(task.Id);

        Assert.Contains(" task.succeeded ", await LineAsync(reader), StringComparison.Ordinal);
        Assert.Null(await LineAsync(reader));
    }

    [Fact]
    public async Task It_is_the_same_at_every_instance_and_afterwards_over_all_attempts()
    {
        await using var second = StartAnother();
        using var elsewhere = second.Client();
        var task = await Api.SubmitAsync();
        var reading = Task.WhenAll(TextAsync(Api, task.Id), TextAsync(elsewhere, task.Id));
        var first = With((await Worker.ClaimAsync())!);
        await first.ReportAsync(task.Id, 0, "first attempt");
        using var released = await first.PostAsync($"/v1/leases/{task.Id}/release", new() { Reason = "x" }, ContractsJson.Default.ReleaseRequest);
        var held = With((await Worker.ClaimAsync())!);
        await held.ReportAsync(task.Id, 0, "second attempt");
        await held.CompleteAsync(task.Id);

        var texts = await reading.WaitAsync(Limit, Stop);
        Assert.Equal(texts[0], texts[1]);
        Assert.Equal(texts[0], await TextAsync(Api, task.Id));
        Assert.Contains("    first attempt\n", texts[0], StringComparison.Ordinal);
        Assert.Contains("    second attempt\n", texts[0], StringComparison.Ordinal);
    }

    [Fact]
    public async Task It_has_no_secrets()
    {
        var key = Secret.NewKey();
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        await held.ReportAsync(task.Id, 0, $"the key is {key}, the token ghp_0123456789abcdefghijABCDEFGHIJ012345; the server's {ApiServer.ApiKey}");
        await held.CompleteAsync(task.Id);

        Assert.Contains("    the key is ***, the token ***; the server's ***\n", await TextAsync(Api, task.Id), StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_task_that_ended_without_a_worker_has_a_log_too()
    {
        var task = await Api.SubmitAsync();
        await Api.ChangeAsync(task.Id, "cancel");

        var text = await Api.Http.GetStringAsync($"/v1/tasks/{task.Id}/artifacts/log", Stop);

        Assert.Equal(["task.queued {}", "task.cancel_requested {}", "task.canceled {}"], text.TrimEnd('\n').Split('\n').Select(line => line.Split(' ', 2)[1]));
    }

    [Fact]
    public async Task What_the_worker_stored_is_the_log_of_a_task_that_is_over()
    {
        var task = await Api.SubmitAsync();
        var held = With((await Worker.ClaimAsync())!);
        using var log = new StringContent("as the worker saw it", Encoding.UTF8, "text/plain");
        using var stored = await held.Http.PutAsync($"/v1/leases/{task.Id}/artifacts/log", log, Stop);
        await held.CompleteAsync(task.Id);

        Assert.Equal("as the worker saw it", await Api.Http.GetStringAsync($"/v1/tasks/{task.Id}/artifacts/log", Stop));
    }

    [Theory]
    [InlineData("patch?follow=true")]
    [InlineData("log?follow=yes")]
    public async Task What_cannot_be_followed(string name)
    {
        var task = await Api.SubmitAsync();
        using var answer = await Api.Http.GetAsync($"/v1/tasks/{task.Id}/artifacts/{name}", Stop);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", "follow");
    }

    [Fact]
    public async Task A_log_that_is_cut_by_a_server_that_stops_does_not_look_whole()
    {
        var second = StartAnother();
        using var client = second.Client();
        var task = await Api.SubmitAsync();
        using var answer = await OpenAsync(client, task.Id);
        using var reader = new StreamReader(await answer.Content.ReadAsStreamAsync(Stop));
        await LineAsync(reader);

        await second.DisposeAsync().AsTask().WaitAsync(Limit, Stop);

        await Assert.ThrowsAnyAsync<IOException>(() => LineAsync(reader));
    }

    private static Task<HttpResponseMessage> OpenAsync(ApiClient client, Guid task) =>
        client.Http.GetAsync($"/v1/tasks/{task}/artifacts/log?follow=true", HttpCompletionOption.ResponseHeadersRead, Stop);

    private static async Task<string> TextAsync(ApiClient client, Guid task)
    {
        using var answer = await OpenAsync(client, task);
        return await answer.Content.ReadAsStringAsync(Stop);
    }

    private static Task<string?> LineAsync(StreamReader reader) => reader.ReadLineAsync(Stop).AsTask().WaitAsync(Limit, Stop);
}

public sealed class FollowedLogsOnGarnet(ApiOn<GarnetFixture> fixture) : FollowedLogTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class FollowedLogsOnRedis(ApiOn<RedisServerFixture> fixture) : FollowedLogTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
