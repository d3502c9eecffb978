using System.Diagnostics;
using CodeAgent.ServiceDefaults;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Logging;

namespace CodeAgent.LlmGateway.Tests.Telemetry;

/// <summary>The files of a service's own log.</summary>
public sealed partial class LogFileTests : IDisposable
{
    private readonly DirectoryInfo _data = Directory.CreateTempSubdirectory("codeagent-logs-");

    private string Logs => Path.Combine(_data.FullName, "logs");

    [Fact]
    public async Task A_service_in_development_writes_its_lines_with_their_trace_and_without_secrets()
    {
        var key = Secret.NewKey();
        using var trace = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        await using (var app = Build("Development"))
        {
            LogKnocked(app.Logger, key);
        }

        var file = Assert.Single(Directory.GetFiles(Logs));
        Assert.Matches(@"^some-service-\d{8}T\d{6}Z-\d+-000\.log$", Path.GetFileName(file));
        var text = await File.ReadAllTextAsync(file, TestContext.Current.CancellationToken);
        Assert.Contains($"warn {trace.TraceId.ToHexString()} ", text, StringComparison.Ordinal);
        Assert.Contains("Somebody knocked with *** at the door", text, StringComparison.Ordinal);
        Assert.DoesNotContain(key, text, StringComparison.Ordinal);
    }

    [Fact]
    public async Task In_production_there_are_no_files()
    {
        await using (var app = Build("Production"))
        {
            LogKnocked(app.Logger, "nothing");
        }

        Assert.False(Directory.Exists(Logs));
    }

    [Fact]
    public async Task A_file_that_is_full_is_followed_by_another_and_the_newest_ten_stay()
    {
        Directory.CreateDirectory(Logs);
        var begin = TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1);
        for (var i = 0; i < 15; i++)
        {
            await OldAsync($"some-service-20260101T0000{i:00}Z-1-000.log", begin.AddMinutes(i));
        }

        await OldAsync("some-service-watcher-20260101T000000Z-1-000.log", begin);
        var line = new string('x', 100_000);
        await using (var app = Build("Development"))
        {
            for (var i = 0; i < 250; i++)
            {
                LogKnocked(app.Logger, line);
            }
        }

        var own = Directory.GetFiles(Logs, $"some-service-*-{Environment.ProcessId}-*.log");
        Assert.Equal(3, own.Length);
        Assert.All(own, file => Assert.InRange(new FileInfo(file).Length, 1, (LogFiles.LargestKilobytes * 1024L) + 1_000_000));
        Assert.Equal(LogFiles.Kept, Directory.GetFiles(Logs, "some-service-2*.log").Length);
        Assert.Single(Directory.GetFiles(Logs, "some-service-watcher-*.log"));

        async Task OldAsync(string name, DateTime at)
        {
            var path = Path.Combine(Logs, name);
            await File.WriteAllTextAsync(path, "old", TestContext.Current.CancellationToken);
            File.SetLastWriteTimeUtc(path, at);
        }
    }

    public void Dispose() => _data.Delete(recursive: true);

    private WebApplication Build(string environment)
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { EnvironmentName = environment });
        builder.Configuration["CODEAGENT_DATA"] = _data.FullName;
        builder.Configuration["OTEL_SERVICE_NAME"] = "some-service";
        builder.Configuration["Logging:ZLoggerConsole:LogLevel:Default"] = "None";
        builder.AddServiceDefaults();
        return builder.Build();
    }

    [LoggerMessage(LogLevel.Warning, "Somebody knocked with {What} at the door")]
    private static partial void LogKnocked(ILogger logger, string what);
}
