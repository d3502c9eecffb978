using System.Net;

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
        Assert.Equal("Healthy", await answer.Content.ReadAsStringAsync(TestContext.Current.CancellationToken));
    }
}
