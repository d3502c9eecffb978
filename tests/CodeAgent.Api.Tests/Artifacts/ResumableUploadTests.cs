using System.Net;
using System.Security.Cryptography;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

public sealed class ResumableUploadTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    private const long Longest = 999_999_999_999_998;
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(300_000);

    // So large that the disk is full before.
    protected override IEnumerable<(string Name, string Value)> Settings => [("Artifacts:Longest", $"{Longest}")];

    [Fact]
    public async Task What_comes_in_parts_is_the_artifact_when_the_last_one_is_there()
    {
        var (task, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length, _content[..1000]);
        Assert.Equal(1000, await upload.OffsetAsync());
        using (var part = await upload.AppendAsync(1000, _content[1000..200_000], complete: false))
        {
            await ApiClient.ExpectAsync(part, HttpStatusCode.NoContent);
            Assert.Equal(("?0", "200000"), (UploadClient.Header(part, "Upload-Complete"), UploadClient.Header(part, "Upload-Offset")));
        }

        await StoredAsync(task, upload, 200_000);
    }

    [Fact]
    public async Task What_broke_off_is_gone_on_with_from_there_at_another_instance()
    {
        var (task, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length);
        await Assert.ThrowsAnyAsync<HttpRequestException>(() => upload.AppendAsync(0, new StreamContent(new Dripping(_content, breaksOff: true)), complete: true));
        await using var other = StartAnother();
        var resumed = upload.At(Keep(other.Client()));

        // What was sent may still be on its way into the file when the connection is gone.
        var offset = await resumed.OffsetAsync();

        Assert.InRange(offset, 1, _content.Length - 1);
        await StoredAsync(task, resumed, offset);
    }

    [Fact]
    public async Task A_later_request_ends_one_that_hangs()
    {
        var (task, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length);
        using var body = new Stalling(_content[..100_000]);
        var hanging = upload.AppendAsync(0, body, complete: true);
        await body.Stalls;
        await Eventually.TrueAsync(() => Task.FromResult(Files().Any(file => file.Length == 100_000)), Limit, "what was sent is in the file");

        await StoredAsync(task, upload, await upload.OffsetAsync());

        body.Dispose();
        await Assert.ThrowsAnyAsync<Exception>(async () => (await hanging).EnsureSuccessStatusCode());
    }

    [Fact]
    public async Task An_upload_that_is_given_up_leaves_nothing()
    {
        var (_, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length, _content[..1000]);

        using var answer = await upload.SendAsync(HttpMethod.Delete, upload.Address, null, null);

        await ApiClient.ExpectAsync(answer, HttpStatusCode.NoContent);
        Assert.Empty(Files());
        using var again = await upload.AppendAsync(1000, [1], complete: false);
        await ApiClient.ExpectProblemAsync(again, HttpStatusCode.NotFound, "upload-not-found");
    }

    [Fact]
    public async Task A_part_that_does_not_fit_is_refused_and_told_where_to_go_on()
    {
        var (task, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length, _content[..1000]);
        foreach (var offset in (long[])[0, 999, 1001])
        {
            using var answer = await upload.AppendAsync(offset, [1], complete: false);
            await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.Conflict, "mismatching-upload-offset", "Upload-Offset");
            Assert.Equal("1000", UploadClient.Header(answer, "Upload-Offset"));
        }

        (string, string)[] both = [("Upload-Offset", "1000"), ("Upload-Complete", "?0")];
        await RefusedAsync(HttpStatusCode.UnsupportedMediaType, null, "text/plain", both);
        await RefusedAsync(HttpStatusCode.BadRequest, "Upload-Offset", "application/partial-upload", both[1..]);
        await RefusedAsync(HttpStatusCode.BadRequest, "Upload-Offset", "application/partial-upload", ("Upload-Offset", "-1"), both[1]);
        await RefusedAsync(HttpStatusCode.BadRequest, "Upload-Complete", "application/partial-upload", both[..1]);
        await StoredAsync(task, upload, 1000);

        async Task RefusedAsync(HttpStatusCode status, string? field, string type, params (string, string)[] headers)
        {
            using var answer = await upload.SendAsync(HttpMethod.Patch, upload.Address, [1], type, headers);
            await ApiClient.ExpectProblemAsync(answer, status, field is null ? "unsupported-media-type" : "invalid-field", field);
        }
    }

    [Theory]
    [InlineData(299_999)]
    [InlineData(300_001)]
    public async Task What_has_another_length_than_was_said_is_refused_and_leaves_nothing(long length)
    {
        var (_, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", length);

        using var answer = await upload.AppendAsync(0, _content, complete: true);

        await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "inconsistent-upload-length", "Upload-Length");
        Assert.Empty(Files());
    }

    [Theory]
    [InlineData("data.bin", Longest + 1, HttpStatusCode.RequestEntityTooLarge, "content-too-large", null)]
    [InlineData("data.bin", Longest, HttpStatusCode.InsufficientStorage, "disk-full", null)]
    [InlineData(".data", 1, HttpStatusCode.BadRequest, "invalid-artifact-name", "name")]
    public async Task What_cannot_be_kept_is_refused_before_it_is_sent(string name, long length, HttpStatusCode status, string type, string? field)
    {
        var (task, upload) = await LeaseAsync();

        using var answer = await upload.SendAsync(HttpMethod.Put, $"/v1/leases/{task}/artifacts/{name}", [], "text/plain", ("Upload-Complete", "?0"), ("Upload-Length", $"{length}"));

        await ApiClient.ExpectProblemAsync(answer, status, type, field);
        Assert.Empty(Files());
    }

    [Fact]
    public async Task It_is_for_the_lease_that_began_it_alone_and_ends_with_it()
    {
        var (task, upload) = await LeaseAsync();
        await upload.BeginAsync("data.bin", _content.Length);
        var (otherTask, other) = await LeaseAsync();
        using (var foreign = await other.SendAsync(HttpMethod.Patch, upload.Address, [1], "application/partial-upload", ("Upload-Offset", "0"), ("Upload-Complete", "?0")))
        {
            await ApiClient.ExpectProblemAsync(foreign, HttpStatusCode.Forbidden, "forbidden");
        }

        var guessed = upload.Address.Replace($"{task}", $"{otherTask}", StringComparison.Ordinal);
        using (var foreign = await other.SendAsync(HttpMethod.Delete, guessed, null, null))
        {
            await ApiClient.ExpectProblemAsync(foreign, HttpStatusCode.NotFound, "upload-not-found");
        }

        await upload.Worker.CompleteAsync(task);
        using var late = await upload.AppendAsync(0, _content, complete: true);
        await ApiClient.ExpectProblemAsync(late, HttpStatusCode.Conflict, "lease-lost");
    }

    [Fact]
    public async Task That_it_can_be_done_is_said_before_it_is_tried()
    {
        var (task, upload) = await LeaseAsync();

        using var answer = await upload.SendAsync(HttpMethod.Options, $"/v1/leases/{task}/artifacts/data.bin", null, null);

        await ApiClient.ExpectAsync(answer, HttpStatusCode.NoContent);
        Assert.Equal(("application/partial-upload", $"max-size={Longest}, max-age=3600"), (UploadClient.Header(answer, "Accept-Patch"), UploadClient.Header(answer, "Upload-Limit")));
    }

    private async Task<(Guid Task, UploadClient Upload)> LeaseAsync()
    {
        await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        return (lease.TaskId, new(With(lease), lease));
    }

    private async Task StoredAsync(Guid task, UploadClient upload, long offset)
    {
        using var answer = await upload.AppendAsync(offset, _content[(int)offset..], complete: true);
        var stored = await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.ArtifactView);
        Assert.Equal(("?1", $"{_content.Length}"), (UploadClient.Header(answer, "Upload-Complete"), UploadClient.Header(answer, "Upload-Offset")));
        Assert.Equal(("data.bin", "text/plain", _content.Length, Convert.ToHexStringLower(SHA256.HashData(_content))), (stored.Name, stored.ContentType, stored.Length, stored.Sha256));
        Assert.Equal(_content, await Api.Http.GetByteArrayAsync($"/v1/tasks/{task}/artifacts/data.bin", Stop));
        Assert.Single(Files());
    }

    private FileInfo[] Files() => new DirectoryInfo(Folder).GetFiles("*", SearchOption.AllDirectories);
}
