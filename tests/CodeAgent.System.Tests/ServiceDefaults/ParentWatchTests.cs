using System.Diagnostics;
using System.Globalization;
using CodeAgent.Testing;

namespace CodeAgent.SystemTests.ServiceDefaults;

public sealed class ParentWatchTests
{
    [Fact]
    public async Task A_service_ends_by_itself_after_the_process_that_started_it()
    {
        using var parent = Process.Start("sleep", "60");
        await using var service = await SmallService.StartAsync(_ => { },
            "--CODEAGENT_PARENT_PID", parent.Id.ToString(CultureInfo.InvariantCulture));
        Assert.False(service.Stopping.IsCancellationRequested);

        parent.Kill();

        await Eventually.TrueAsync(() => Task.FromResult(service.Stopping.IsCancellationRequested), TimeSpan.FromSeconds(10), "the service stops");
    }
}
