#if ASPIRE
using System.Net;
using Aspire.Hosting.Testing;

namespace CodeAgent.SystemTests.AppHost;

/// <summary>The app model by Aspire's own testing host.</summary>
public sealed class AspireTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(120);
    private readonly string _data = Directory.CreateTempSubdirectory("codeagent-test-").FullName;

    public void Dispose() => Directory.Delete(_data, recursive: true);

    [Fact]
    public async Task The_app_model_starts_and_its_services_become_healthy()
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        var builder = await DistributedApplicationTestingBuilder.CreateAsync<Projects.CodeAgent_AppHost>(
            ["--Data:Directory", _data, "--redis", "embedded", "--Dashboard:Enabled", "false", "--Ports:Api", "0", "--Ports:Gateway", "0"], limit.Token);
        await using var app = await builder.BuildAsync(limit.Token);

        await app.StartAsync(limit.Token);

        await app.ResourceNotifications.WaitForResourceHealthyAsync("worker", limit.Token);
        using var api = app.CreateHttpClient("api");
        using var answer = await api.GetAsync(new Uri("/health", UriKind.Relative), limit.Token);
        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        Assert.Contains("password=", await app.GetConnectionStringAsync("redis", limit.Token), StringComparison.Ordinal);
    }
}
#endif
