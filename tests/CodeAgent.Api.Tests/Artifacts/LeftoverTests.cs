using System.Net;
using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.DependencyInjection;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>What crashes leave in the store, and what only looks like it.</summary>
public sealed class LeftoverTests(ApiOn<GarnetFixture> fixture) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    private Leftovers Leftovers => Server.Services.GetRequiredService<Leftovers>();

    private ArtifactStore Store => Server.Services.GetRequiredService<ArtifactStore>();

    [Fact]
    public async Task Old_temporary_files_go_and_those_that_are_young_or_in_use_stay()
    {
        await PutAsync("crashed", hours: 2);
        await PutAsync("abandoned.upload", hours: 3);
        await PutAsync("abandoned.part", hours: 2);
        await PutAsync("fresh", hours: 0);
        await PutAsync("resumed.upload", hours: 3);
        await PutAsync("resumed.part", hours: 0);
        await PutAsync("stalled.upload", hours: 3);
        await PutAsync("stalled.part", hours: 2);
        await using (ContentFile.Open(Path.Combine(Store.TemporaryFolder, "stalled.part"), FileMode.Open))
        {
            Assert.Equal(3, Leftovers.DeleteTemporaries());
        }

        Assert.Equal(["fresh", "resumed.part", "resumed.upload", "stalled.part", "stalled.upload"], Names(Store.TemporaryFolder));
        Assert.Equal(2, Leftovers.DeleteTemporaries());
        Assert.Equal(["fresh", "resumed.part", "resumed.upload"], Names(Store.TemporaryFolder));
    }

    [Fact]
    public async Task Old_files_that_their_task_does_not_name_go_and_all_others_stay()
    {
        await Api.SubmitAsync();
        var lease = (await Worker.ClaimAsync())!;
        using var stored = await With(lease).Http.PutAsync($"/v1/leases/{lease.TaskId}/artifacts/log", new StringContent("log"), Stop);
        await ApiClient.ExpectAsync(stored, HttpStatusCode.OK);
        var folder = Path.Combine(Store.Root, lease.TaskId.ToString());
        var named = Assert.Single(Names(folder));
        File.SetLastWriteTimeUtc(Path.Combine(folder, named), DateTime.UnixEpoch);
        await PutAsync("unnamed", hours: 2, folder);
        await PutAsync("young", hours: 0, folder);
        var stranger = Directory.CreateDirectory(Path.Combine(Store.Root, Guid.CreateVersion7().ToString())).FullName;
        await PutAsync("of-another-redis", hours: 2, stranger);

        Assert.Equal(1, await Leftovers.DeleteOrphansAsync(Stop));

        Assert.Equal(new[] { named, "young" }.Order(StringComparer.Ordinal), Names(folder));
        Assert.Equal(["of-another-redis"], Names(stranger));
    }

    private static IEnumerable<string> Names(string folder) => Directory.EnumerateFiles(folder).Select(file => Path.GetFileName(file)).Order(StringComparer.Ordinal);

    private async Task PutAsync(string name, int hours, string? folder = null)
    {
        var path = Path.Combine(folder ?? Store.TemporaryFolder, name);
        await File.WriteAllTextAsync(path, "part", Stop);
        File.SetLastWriteTimeUtc(path, (TimeProvider.System.GetUtcNow() - TimeSpan.FromHours(hours)).UtcDateTime);
    }
}
