using System.Runtime.InteropServices;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Contenders;

/// <summary>The mock without anything before it: the floor.</summary>
internal sealed class MockContender : Contender
{
    public override string Key => "mock";

    public override string Title => "mock, direct";

    public override string Description => $"the model provider itself, on Kestrel ({RuntimeInformation.FrameworkDescription}): what the load tool and the provider cost without a proxy";

    public override Task StartAsync(MockContender mock, CancellationToken stop) =>
        StartAsync([.. Places.Self, MockRole.Name, $"{Port}"], stop, Runtime.ServerGc);

    /// <summary>Those who are held go on.</summary>
    public async Task ReleaseAsync(CancellationToken stop)
    {
        using var http = new HttpClient();
        using var answer = await http.PostAsync(new Uri($"http://127.0.0.1:{Port}/release"), null, stop);
        answer.EnsureSuccessStatusCode();
    }

    /// <summary>How many requests came, and in how many of them the caller left before the end.</summary>
    public async Task<(long Asked, long Left)> StatsAsync(CancellationToken stop)
    {
        using var http = new HttpClient();
        return Counts.Parse(await http.GetStringAsync($"http://127.0.0.1:{Port}/stats", stop));
    }
}
