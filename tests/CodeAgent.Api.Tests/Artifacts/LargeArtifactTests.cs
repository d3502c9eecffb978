using System.Globalization;
using System.Net;
using System.Security.Cryptography;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Api.Tests.Starvation;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>An artifact of 256 MiB, or as many as <c>CODEAGENT_TEST_ARTIFACT_MB</c> says, both ways through the Api as a process.</summary>
public sealed class LargeArtifactTests(GarnetFixture redis) : IClassFixture<GarnetFixture>
{
    private const int Piece = 1024 * 1024;

    // What the runtime may put aside until it collects, however much goes through.
    private const long Allowed = 64L * Piece;

    private static readonly int Pieces = int.Parse(Environment.GetEnvironmentVariable("CODEAGENT_TEST_ARTIFACT_MB") ?? "256", CultureInfo.InvariantCulture);
    private readonly byte[] _piece = RandomNumberGenerator.GetBytes(Piece);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task It_goes_both_ways_in_as_much_memory_as_a_small_one()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "The peak of a process's memory is read from /proc");
        var folder = Directory.CreateTempSubdirectory("codeagent-api-").FullName;
        try
        {
            await using var server = await ApiProcess.StartAsync(redis.ConnectionString, folder);
            using var api = server.Client(ApiServer.ApiKey);
            using var claims = server.Client(ApiServer.WorkerKey);
            await api.SubmitAsync();
            var lease = (await claims.ClaimAsync())!;
            using var worker = api.With(lease);
            await BothWaysAsync(api, worker, lease, pieces: 16);
            await File.WriteAllTextAsync($"/proc/{server.Id}/clear_refs", "5", Stop);
            var before = await PeakAsync(server);

            await BothWaysAsync(api, worker, lease, Pieces);

            var grown = await PeakAsync(server) - before;
            TestContext.Current.TestOutputHelper?.WriteLine($"{Pieces} MiB: peak {before / Piece} MiB before, {grown / Piece} MiB more after");
            Assert.True(grown < Allowed, $"{grown:N0} bytes more are in memory");
        }
        finally
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    private async Task BothWaysAsync(ApiClient api, ApiClient worker, Lease lease, int pieces)
    {
        var upload = new UploadClient(worker, lease);
        await upload.BeginAsync("large", (long)pieces * Piece);

        // In two halves, so that the whole is read again for its hash.
        using (var half = await upload.AppendAsync(0, new Repeated(_piece, pieces / 2), complete: false))
        {
            await ApiClient.ExpectAsync(half, HttpStatusCode.NoContent);
        }

        using var rest = await upload.AppendAsync((long)(pieces / 2) * Piece, new Repeated(_piece, pieces - (pieces / 2)), complete: true);
        var stored = await ApiClient.ReadAsync(rest, HttpStatusCode.OK, ContractsJson.Default.ArtifactView);
        Assert.Equal(((long)pieces * Piece, (long)pieces * Piece), (stored.Length, await DownloadAsync(api, lease.TaskId)));
    }

    private async Task<long> DownloadAsync(ApiClient api, Guid task)
    {
        using var answer = await api.Http.GetAsync($"/v1/tasks/{task}/artifacts/large", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var content = await answer.Content.ReadAsStreamAsync(Stop);
        var buffer = new byte[Piece];
        var length = 0L;
        while (await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, Stop) is > 0 and var read)
        {
            Assert.True(buffer.AsSpan(0, read).SequenceEqual(_piece.AsSpan(0, read)), $"differs after {length:N0} bytes");
            length += read;
        }

        return length;
    }

    private static async Task<long> PeakAsync(ApiProcess server)
    {
        var status = await File.ReadAllLinesAsync($"/proc/{server.Id}/status", Stop);
        var kilobytes = status.Single(line => line.StartsWith("VmHWM:", StringComparison.Ordinal)).Split(' ', StringSplitOptions.RemoveEmptyEntries)[1];
        return long.Parse(kilobytes, CultureInfo.InvariantCulture) * 1024;
    }

    /// <summary>One piece over and over, its length not told before.</summary>
    private sealed class Repeated(byte[] piece, int times) : HttpContent
    {
        protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
        {
            for (var i = 0; i < times; i++)
            {
                await stream.WriteAsync(piece, Stop);
            }
        }

        protected override bool TryComputeLength(out long length)
        {
            length = 0;
            return false;
        }
    }
}
