using System.Net;
using System.Security.Cryptography;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>Alone in the process while it runs: it counts what the process allocates.</summary>
[CollectionDefinition(nameof(LargeArtifactTests), DisableParallelization = true)]
public sealed class AloneInTheProcess;

[Collection(nameof(LargeArtifactTests))]
public sealed class LargeArtifactTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    private const int Piece = 1024 * 1024;
    private const int Pieces = 64;

    [Fact]
    public async Task Sixty_four_megabytes_go_both_ways_in_little_memory()
    {
        await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        var worker = With(lease);
        var piece = RandomNumberGenerator.GetBytes(Piece);
        await UploadAsync(worker, lease.TaskId, "small", piece, pieces: 2);
        await DownloadAsync(lease.TaskId, "small", piece);

        var before = GC.GetTotalAllocatedBytes(precise: true);
        var stored = await UploadAsync(worker, lease.TaskId, "large", piece, Pieces);
        var length = await DownloadAsync(lease.TaskId, "large", piece);
        var allocated = GC.GetTotalAllocatedBytes(precise: true) - before;

        Assert.Equal(((long)Pieces * Piece, (long)Pieces * Piece), (stored.Length, length));

        // Server and client together, both ways: about one megabyte. Held in one array just once, it would be 64 more.
        Assert.True(allocated < 8L * Piece, $"{allocated:N0} bytes were allocated");
    }

    private static async Task<ArtifactView> UploadAsync(ApiClient worker, Guid task, string name, byte[] piece, int pieces)
    {
        using var answer = await worker.Http.PutAsync($"/v1/leases/{task}/artifacts/{name}", new Repeated(piece, pieces), Stop);
        return await ApiClient.ReadAsync(answer, HttpStatusCode.OK, ContractsJson.Default.ArtifactView);
    }

    private async Task<long> DownloadAsync(Guid task, string name, byte[] piece)
    {
        using var answer = await Api.Http.GetAsync($"/v1/tasks/{task}/artifacts/{name}", HttpCompletionOption.ResponseHeadersRead, Stop);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        await using var content = await answer.Content.ReadAsStreamAsync(Stop);
        var buffer = new byte[64 * 1024];
        var length = 0L;
        while (await content.ReadAtLeastAsync(buffer, buffer.Length, throwOnEndOfStream: false, Stop) is > 0 and var read)
        {
            Assert.True(buffer.AsSpan(0, read).SequenceEqual(piece.AsSpan((int)(length % Piece), read)), $"differs after {length:N0} bytes");
            length += read;
        }

        return length;
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
