using System.Security.Cryptography;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Api.Tests.Starvation;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>The Api as a process that is killed while it receives.</summary>
public sealed class KilledApiTests(GarnetFixture redis) : IClassFixture<GarnetFixture>, IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);
    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-api-").FullName;
    private readonly byte[] _content = RandomNumberGenerator.GetBytes(3_000_000);

    private string Temporary => Path.Combine(_folder, "artifacts", "store", "tmp");

    public ValueTask InitializeAsync() => ValueTask.CompletedTask;

    public ValueTask DisposeAsync()
    {
        Directory.Delete(_folder, recursive: true);
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task An_upload_costs_only_its_rest_and_what_nobody_goes_on_with_is_removed()
    {
        UploadClient upload;
        await using (var first = await ApiProcess.StartAsync(redis.ConnectionString, _folder))
        {
            using var api = first.Client(ApiServer.ApiKey);
            await api.SubmitAsync();
            using var claims = first.Client(ApiServer.WorkerKey);
            var lease = (await claims.ClaimAsync())!;
            using var worker = api.With(lease);
            upload = new(worker, lease);
            await upload.BeginAsync("data.bin", _content.Length);
            using var part = new Stalling(_content[..2_000_000]);
            using var whole = new Stalling(_content[..1_000_000]);
            Task<HttpResponseMessage>[] requests = [upload.AppendAsync(0, part, complete: true), worker.Http.PutAsync($"/v1/leases/{lease.TaskId}/artifacts/whole", whole, TestContext.Current.CancellationToken)];
            await Eventually.TrueAsync(() => Task.FromResult(Lengths().SequenceEqual([1_000_000, 2_000_000])), Limit, "what was sent is in the files");

            await first.KillAsync();

            // The client sees the end of a connection when it has more to send.
            part.Dispose();
            whole.Dispose();
            foreach (var request in requests)
            {
                await Assert.ThrowsAnyAsync<Exception>(() => request.WaitAsync(Limit, TestContext.Current.CancellationToken));
            }
        }

        var left = Assert.Single(Files(), file => file.Length == 1_000_000);
        left.LastWriteTimeUtc = DateTime.UnixEpoch;
        await using var second = await ApiProcess.StartAsync(redis.ConnectionString, _folder, ("Artifacts__SweepInterval", "00:00:01"));
        using var again = second.Client(ApiServer.ApiKey);
        var resumed = upload.At(again);
        Assert.Equal(2_000_000, await resumed.OffsetAsync());
        using var answer = await resumed.AppendAsync(2_000_000, _content[2_000_000..], complete: true);
        var stored = await ApiClient.ReadAsync(answer, System.Net.HttpStatusCode.OK, ContractsJson.Default.ArtifactView);

        Assert.Equal((_content.Length, Convert.ToHexStringLower(SHA256.HashData(_content))), (stored.Length, stored.Sha256));
        await Eventually.TrueAsync(() => Task.FromResult(Files().Length == 0), Limit, "nothing is left over");
    }

    private FileInfo[] Files() => Directory.Exists(Temporary) ? new DirectoryInfo(Temporary).GetFiles() : [];

    private IEnumerable<long> Lengths() => Files().Where(file => file.Extension != ".upload").Select(file => file.Length).Order();
}
