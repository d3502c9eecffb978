using System.Net;
using System.Security.Cryptography;
using System.Text;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

public sealed class ArtifactTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    private const string Content = "0123456789 and the rest of it";

    [Fact]
    public async Task What_a_worker_stores_a_reader_gets_to_save_and_not_to_run()
    {
        var (task, worker) = await LeaseAsync();
        var stored = await StoreAsync(worker, task, "report.html", Content, "text/html");

        using var answer = await Api.Http.GetAsync($"/v1/tasks/{task}/artifacts/report.html", Stop);

        Assert.Equal(Content, await ApiClient.ExpectAsync(answer, HttpStatusCode.OK));
        var hash = Convert.ToHexStringLower(SHA256.HashData(Encoding.ASCII.GetBytes(Content)));
        Assert.Equal((hash, (long)Content.Length), (stored.Sha256, stored.Length));
        Assert.Equal($"\"{hash}\"", answer.Headers.ETag?.ToString());
        Assert.Equal("attachment; filename=report.html; filename*=UTF-8''report.html", answer.Content.Headers.ContentDisposition?.ToString());
        Assert.Equal("text/html", answer.Content.Headers.ContentType?.ToString());
        Assert.Equal("nosniff", answer.Headers.GetValues("X-Content-Type-Options").Single());
        Assert.True((stored.CreatedAt - answer.Content.Headers.LastModified!.Value).Duration() < TimeSpan.FromSeconds(1));
    }

    [Theory]
    [InlineData("bytes=10-12", HttpStatusCode.PartialContent, " an")]
    [InlineData("bytes=-2", HttpStatusCode.PartialContent, "it")]
    [InlineData("bytes=25-", HttpStatusCode.PartialContent, "f it")]
    [InlineData("bytes=500-", HttpStatusCode.RequestedRangeNotSatisfiable, null)]
    public async Task A_part_can_be_had_alone(string range, HttpStatusCode status, string? expected)
    {
        var (task, worker) = await LeaseAsync();
        await StoreAsync(worker, task, "log", Content);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task}/artifacts/log");
        request.Headers.Add("Range", range);

        using var answer = await Api.Http.SendAsync(request, Stop);

        var body = await ApiClient.ExpectAsync(answer, status);
        Assert.Equal(expected ?? body, body);
        if (expected is null)
        {
            Assert.Equal($"bytes */{Content.Length}", answer.Content.Headers.ContentRange?.ToString());
        }
    }

    [Fact]
    public async Task Who_has_it_already_is_told_so()
    {
        var (task, worker) = await LeaseAsync();
        var stored = await StoreAsync(worker, task, "log", Content);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task}/artifacts/log");
        request.Headers.Add("If-None-Match", $"\"{stored.Sha256}\"");

        using var answer = await Api.Http.SendAsync(request, Stop);

        Assert.Equal(HttpStatusCode.NotModified, answer.StatusCode);
    }

    [Theory]
    [InlineData(true, HttpStatusCode.PartialContent, "012")]
    [InlineData(false, HttpStatusCode.OK, Content)]
    public async Task A_part_is_had_only_of_what_one_has_the_beginning_of(bool same, HttpStatusCode status, string expected)
    {
        var (task, worker) = await LeaseAsync();
        var stored = await StoreAsync(worker, task, "log", Content);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"/v1/tasks/{task}/artifacts/log");
        request.Headers.Add("Range", "bytes=0-2");
        request.Headers.Add("If-Range", $"\"{(same ? stored.Sha256 : "of an older one")}\"");

        using var answer = await Api.Http.SendAsync(request, Stop);

        Assert.Equal(expected, await ApiClient.ExpectAsync(answer, status));
        Assert.Equal(same ? $"bytes 0-2/{Content.Length}" : null, answer.Content.Headers.ContentRange?.ToString());
    }

    [Fact]
    public async Task How_long_it_is_and_that_it_has_parts_is_said_without_it()
    {
        var (task, worker) = await LeaseAsync();
        var stored = await StoreAsync(worker, task, "report", Content);
        using var request = new HttpRequestMessage(HttpMethod.Head, $"/v1/tasks/{task}/artifacts/report");

        using var answer = await Api.Http.SendAsync(request, Stop);

        Assert.Equal("", await ApiClient.ExpectAsync(answer, HttpStatusCode.OK));
        Assert.Equal((Content.Length, "bytes", $"\"{stored.Sha256}\""),
            (answer.Content.Headers.ContentLength, answer.Headers.AcceptRanges.ToString(), answer.Headers.ETag?.ToString()));
        using var log = new HttpRequestMessage(HttpMethod.Head, $"/v1/tasks/{task}/artifacts/log?follow=true");
        using var followed = await Api.Http.SendAsync(log, Stop);
        Assert.Equal((HttpStatusCode.OK, "text/plain"), (followed.StatusCode, followed.Content.Headers.ContentType?.MediaType));
    }

    [Fact]
    public async Task The_list_comes_in_pages_by_name_without_what_is_between_workers()
    {
        var (task, worker) = await LeaseAsync();
        foreach (var name in (string[])["patch", "checkpoint-1", "log", "a"])
        {
            await StoreAsync(worker, task, name, Content);
        }

        var first = await PageAsync(task, "?limit=2");
        var second = await PageAsync(task, $"?limit=2&cursor={first.Next}");

        Assert.Equal(["a", "log"], first.Items.Select(artifact => artifact.Name));
        Assert.Equal(["patch"], second.Items.Select(artifact => artifact.Name));
        Assert.Null(second.Next);
    }

    [Fact]
    public async Task What_a_checkpoint_needs_is_for_the_lease_alone()
    {
        var (task, worker) = await LeaseAsync();
        var (_, stranger) = await LeaseAsync();
        await StoreAsync(worker, task, "checkpoint-1", Content);
        var path = $"/v1/leases/{task}/artifacts/checkpoint-1";

        Assert.Equal(Content, await worker.Http.GetStringAsync(path, Stop));
        await RefusedAsync(Api, $"/v1/tasks/{task}/artifacts/checkpoint-1", HttpStatusCode.NotFound, "artifact-not-found");
        await RefusedAsync(Api, path, HttpStatusCode.Forbidden, "forbidden");
        await RefusedAsync(stranger, path, HttpStatusCode.Forbidden, "forbidden");

        await worker.CompleteAsync(task);
        await RefusedAsync(worker, path, HttpStatusCode.Conflict, "lease-lost");
    }

    [Fact]
    public async Task What_is_not_there_is_said_to_be_missing()
    {
        var (task, _) = await LeaseAsync();

        await RefusedAsync(Api, $"/v1/tasks/{task}/artifacts/none", HttpStatusCode.NotFound, "artifact-not-found");
        await RefusedAsync(Api, $"/v1/tasks/{Guid.CreateVersion7()}/artifacts", HttpStatusCode.NotFound, "task-not-found");
        await RefusedAsync(Api, $"/v1/tasks/{Guid.CreateVersion7()}/artifacts/patch", HttpStatusCode.NotFound, "task-not-found");
    }

    [Theory]
    [InlineData("..%2f..%2f..%2fetc%2fpasswd")]
    [InlineData("%2e%2e%2fescape")]
    [InlineData("%2e%2e/%2e%2e/escape")]
    [InlineData("..%5cescape")]
    [InlineData("%252e%252e%252fescape")]
    [InlineData("%c0%ae%c0%ae%c0%afescape")]
    [InlineData(".hidden")]
    [InlineData("a%00b")]
    [InlineData("a%0a")]
    public async Task No_spelling_of_a_name_leaves_the_store(string name)
    {
        var (task, worker) = await LeaseAsync();
        var before = Files();

        foreach (var (client, path, method) in new[] { (Api, $"v1/tasks/{task}", HttpMethod.Get), (worker, $"v1/leases/{task}", HttpMethod.Get), (worker, $"v1/leases/{task}", HttpMethod.Put) })
        {
            // Not put in order by the client, as an attacker would send it.
            var address = new Uri($"{Server.Address}{path}/artifacts/{name}", new UriCreationOptions { DangerousDisablePathAndQueryCanonicalization = true });
            using var request = new HttpRequestMessage(method, address) { Content = method == HttpMethod.Put ? new StringContent("x") : null };
            using var answer = await client.Http.SendAsync(request, Stop);

            Assert.True(answer.StatusCode is HttpStatusCode.BadRequest or HttpStatusCode.NotFound, $"{method} {path}: {answer.StatusCode}");
        }

        Assert.Equal(before, Files());
    }

    [Fact]
    public async Task A_name_that_is_stored_again_has_the_new_content_and_one_file()
    {
        var (task, worker) = await LeaseAsync();
        await StoreAsync(worker, task, "patch", "old");
        await StoreAsync(worker, task, "patch", "new");

        Assert.Equal("new", await Api.Http.GetStringAsync($"/v1/tasks/{task}/artifacts/patch", Stop));
        Assert.Single(Files());
    }

    [Fact]
    public async Task Of_uploads_of_one_name_at_once_one_wins_whole()
    {
        var (task, worker) = await LeaseAsync();

        var stored = await Task.WhenAll(Enumerable.Range(0, 8).Select(i => StoreAsync(worker, task, "report", new string((char)('a' + i), 100_000))));

        var winner = Assert.Single((await PageAsync(task, "")).Items);
        Assert.Contains(winner.Sha256, stored.Select(artifact => artifact.Sha256));
        var content = await Api.Http.GetByteArrayAsync($"/v1/tasks/{task}/artifacts/report", Stop);
        Assert.Equal(winner.Sha256, Convert.ToHexStringLower(SHA256.HashData(content)));
        Assert.Single(Files());
    }

    [Fact]
    public async Task An_upload_whose_sender_goes_away_leaves_nothing()
    {
        var (task, worker) = await LeaseAsync();
        var path = $"/v1/leases/{task}/artifacts/log";

        await Assert.ThrowsAnyAsync<HttpRequestException>(() =>
            worker.Http.PutAsync(path, new StreamContent(new Dripping(new byte[2_000_000], breaksOff: true)), Stop));

        await Eventually.TrueAsync(() => Task.FromResult(Files().Length == 0), Limit, "the temporary file is gone");
        Assert.Empty((await PageAsync(task, "")).Items);
    }

    private async Task<(Guid Task, ApiClient Worker)> LeaseAsync()
    {
        await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        return (lease.TaskId, With(lease));
    }

    private static async Task<ArtifactView> StoreAsync(ApiClient worker, Guid task, string name, string content, string type = "text/plain")
    {
        using var body = new StringContent(content, Encoding.ASCII, new System.Net.Http.Headers.MediaTypeHeaderValue(type));
        using var answer = await worker.Http.PutAsync($"/v1/leases/{task}/artifacts/{name}", body, Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.ArtifactView);
    }

    private async Task<Page<ArtifactView>> PageAsync(Guid task, string query)
    {
        using var answer = await Api.Http.GetAsync($"/v1/tasks/{task}/artifacts{query}", Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.PageArtifactView);
    }

    private static async Task RefusedAsync(ApiClient client, string path, HttpStatusCode status, string type)
    {
        using var answer = await client.Http.GetAsync(path, Stop);
        await ApiClient.ExpectProblemAsync(answer, status, type);
    }

    private string[] Files() => Directory.GetFiles(Folder, "*", SearchOption.AllDirectories);
}
