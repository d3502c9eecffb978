using System.Globalization;
using System.Security.Cryptography;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Tests.Benches;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Api;

public sealed class ResumableUploadTests : IAsyncDisposable
{
    private const int Large = 10_000_000;
    private readonly string _file = Path.GetTempFileName();
    private UploadServer _server = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        await _server.DisposeAsync();
        File.Delete(_file);
    }

    [Fact]
    public async Task Of_what_broke_off_only_the_rest_is_sent_again()
    {
        _server = await UploadServer.StartAsync();
        _server.CutAfter = 6_000_000;

        await UploadAsync(Large);

        Assert.Equal(Large, _server.Received);
        var rest = Assert.Single(_server.Requests, request => request.StartsWith("PATCH", StringComparison.Ordinal) && request != "PATCH 0");
        Assert.Equal(["PUT", "PATCH 0", "HEAD", rest], _server.Requests);
        Assert.InRange(long.Parse(rest.Split(' ')[1], CultureInfo.InvariantCulture), 6_000_000, 6_010_000);
    }

    [Fact]
    public async Task What_the_api_has_lost_is_begun_anew()
    {
        _server = await UploadServer.StartAsync();
        (_server.CutAfter, _server.Forgets) = (6_000_000, true);

        await UploadAsync(Large);

        Assert.Equal(["PUT", "PATCH 0", "HEAD", "PUT", "PATCH 0"], _server.Requests);
    }

    [Fact]
    public async Task An_api_that_cannot_do_it_gets_the_whole_in_one_request()
    {
        _server = await UploadServer.StartAsync(isOld: true);

        await UploadAsync(Large);

        Assert.Equal(["PUT", "PUT"], _server.Requests);
    }

    [Fact]
    public async Task What_is_small_needs_no_upload_in_parts()
    {
        _server = await UploadServer.StartAsync();

        await UploadAsync(100_000);

        Assert.Equal(["PUT"], _server.Requests);
    }

    private async Task UploadAsync(int length)
    {
        var content = RandomNumberGenerator.GetBytes(length);
        await File.WriteAllBytesAsync(_file, content, Stop);
        using var http = new HttpClient { BaseAddress = _server.Address };
        var api = new WorkApi(http, null!, TimeProvider.System, NullLogger<WorkApi>.Instance).For(WorkerBench.Played());

        await api.UploadAsync("data.bin", "application/octet-stream", _file, Stop);

        Assert.True(_server.Content.ToArray().AsSpan().SequenceEqual(content));
    }
}
