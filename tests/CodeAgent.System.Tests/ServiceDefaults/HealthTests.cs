using System.Net;
using System.Text.Json;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Diagnostics.HealthChecks;

namespace CodeAgent.SystemTests.ServiceDefaults;

public sealed class HealthTests
{
    [Theory]
    [InlineData("/health")]
    [InlineData("/alive")]
    public async Task Probes_are_answered_in_production_too(string path)
    {
        await using var service = await SmallService.StartAsync(_ => { }, "--environment", "Production");
        using var answer = await service.Client.GetAsync(path, TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.OK, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal(["status", "timestamp"], body.RootElement.EnumerateObject().Select(field => field.Name));
        Assert.Equal("healthy", body.RootElement.GetProperty("status").GetString());
        Assert.InRange(body.RootElement.GetProperty("timestamp").GetDateTimeOffset(), TimeProvider.System.GetUtcNow().AddMinutes(-1), TimeProvider.System.GetUtcNow());
    }

    [Fact]
    public async Task What_is_not_healthy_answers_503_and_says_so()
    {
        await using var service = await SmallService.StartAsync(_ => { }, services => services.AddHealthChecks().AddCheck("broken", () => HealthCheckResult.Unhealthy()));
        using var answer = await service.Client.GetAsync("/health", TestContext.Current.CancellationToken);

        Assert.Equal(HttpStatusCode.ServiceUnavailable, answer.StatusCode);
        using var body = JsonDocument.Parse(await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
        Assert.Equal("unhealthy", body.RootElement.GetProperty("status").GetString());
    }
}
