using System.Text;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Page;

/// <summary>The page with the whole Api behind it, and a worker played by the test.</summary>
[Collection(nameof(Browser))]
public sealed class PageOnApiTests(ApiOn<GarnetFixture> fixture, Browser browser) : ApiTests(fixture), IClassFixture<ApiOn<GarnetFixture>>
{
    [Fact]
    public async Task A_task_is_submitted_watched_and_its_patch_looked_at()
    {
        Assert.SkipWhen(browser.Unavailable is not null, browser.Unavailable ?? "");
        var tab = await browser.OpenAsync($"{Server.Address}#key={ApiServer.ApiKey}");
        await tab.ShowsAsync("#status", "no workers");

        await tab.EnterAsync("#prompt", "echo hello > world");
        await tab.EnterAsync("#agent-name", "command");
        await tab.PressAsync("#task-form [type=submit]");
        await tab.ShowsAsync(".task-head", "queued");

        var lease = (await Worker.ClaimAsync())!;
        var worker = With(lease);
        await worker.ReportAsync(lease.TaskId, 0, "hello from the script");
        await tab.ShowsAsync(".task-head", "running");
        await tab.ShowsAsync(".timeline", "hello from the script");
        await tab.ShowsAsync("#status", "1 running");

        using var patch = new StringContent(Samples.Patch, Encoding.UTF8, "text/x-patch");
        using var stored = await worker.Http.PutAsync($"/v1/leases/{lease.TaskId}/artifacts/patch", patch, Stop);
        await worker.CompleteAsync(lease.TaskId);
        await tab.ShowsAsync(".task-head", "succeeded");
        await tab.ShowsAsync("#task-list", "succeeded");
        await tab.BecomesAsync("document.querySelector('.artifacts button')");
        await tab.PressAsync(".artifacts button");
        await tab.ShowsAsync(".viewer .added", "+");
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_field_that_the_Api_refuses_is_marked()
    {
        Assert.SkipWhen(browser.Unavailable is not null, browser.Unavailable ?? "");
        var tab = await browser.OpenAsync($"{Server.Address}#key={ApiServer.ApiKey}");
        await tab.ShowsAsync("#status", "no workers");

        await tab.EnterAsync("#prompt", "do it");
        await tab.EnterAsync("#repository-url", "ftp://example.org/x");
        await tab.PressAsync("#task-form [type=submit]");

        await tab.BecomesAsync("document.querySelector('#repository-url[aria-invalid]') && document.querySelector('#repository-url-error').textContent");
        Assert.Empty((await Api.ListAsync()).Items);
    }
}
