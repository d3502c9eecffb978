using System.Diagnostics;
using System.Text.Json;
using CodeAgent.SystemTests.Running;

namespace CodeAgent.SystemTests.AppHost;

/// <summary>The AppHost where it is expected to refuse: run to its end, with what it said.</summary>
internal sealed record AppHostRun(int Code, string Output, string Errors)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    public static async Task<AppHostRun> ToEndAsync(string data, params string[] arguments)
    {
        var start = new ProcessStartInfo("dotnet",
        [
            Path.Combine(Repository.Output("CodeAgent.AppHost"), "CodeAgent.AppHost.dll"),
            "--Dashboard:Enabled", "false", "--Data:Directory", data, "--redis", "embedded", .. arguments,
        ])
        {
            RedirectStandardInput = true,
            RedirectStandardOutput = true,
            RedirectStandardError = true,
        };
        using var process = Process.Start(start)!;
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(TestContext.Current.CancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var output = process.StandardOutput.ReadToEndAsync(limit.Token);
            var errors = process.StandardError.ReadToEndAsync(limit.Token);
            await process.WaitForExitAsync(limit.Token);
            return new(process.ExitCode, await output, await errors);
        }
        finally
        {
            if (!process.HasExited)
            {
                process.Kill(entireProcessTree: true);
            }
        }
    }
}

/// <summary>What <c>run.json</c> says.</summary>
internal sealed record RunFacts(string ApiUrl, string GatewayUrl, string? DashboardUrl, string Redis, string KeyFile, int Pid, Dictionary<string, int> Pids)
{
    public static async Task<RunFacts> ReadAsync(RunningSystem system) => JsonSerializer.Deserialize<RunFacts>(
        await File.ReadAllTextAsync(Path.Combine(system.Data, "run.json"), TestContext.Current.CancellationToken), JsonSerializerOptions.Web)!;
}
