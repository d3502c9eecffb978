using System.Diagnostics;
using System.Globalization;
using System.Text;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Time.Testing;
using ZLogger;

namespace CodeAgent.LlmGateway.Tests.Telemetry;

/// <summary>One line for each thing that is said, whatever is in it.</summary>
public sealed partial class ConsoleLineTests
{
    [Fact]
    public async Task It_has_the_time_the_level_the_trace_and_what_the_scopes_add()
    {
        using var trace = new Activity("request").SetIdFormat(ActivityIdFormat.W3C).Start();
        var text = await LinesAsync(log =>
        {
            using (log.BeginScope(new Dictionary<string, object> { ["RequestPath"] = "/v1/models", ["tenant"] = 7 }))
            {
                LogWaiting(log, 3);
            }
        });

        Assert.Equal($"2026-05-04T03:02:01.007Z warn {trace.TraceId.ToHexString()} Some.Category: 3 requests wait tenant=7\n", text);
    }

    [Fact]
    public async Task Without_a_trace_there_is_a_dash() =>
        Assert.Equal("2026-05-04T03:02:01.007Z info - Some.Category: started\n", await LinesAsync(LogStarted));

    [Fact]
    public async Task Nothing_that_somebody_sent_begins_a_line()
    {
        var text = await LinesAsync(log => LogAsked(log, new InvalidOperationException("one\r\ntwo"), "x\n2026-05-04T03:02:01.007Z info - Forged: line"));

        Assert.Equal(text.Length - 1, text.IndexOf('\n', StringComparison.Ordinal));
        Assert.DoesNotContain('\r', text);
        Assert.Contains("asked for x 2026", text, StringComparison.Ordinal);
        Assert.Contains("System.InvalidOperationException: one  two", text, StringComparison.Ordinal);
    }

    private static async Task<string> LinesAsync(Action<ILogger> say)
    {
        using var stream = new MemoryStream();
        await using (var provider = new ZLogger.Providers.ZLoggerStreamLoggerProvider(stream, Options()))
        {
            using var factory = LoggerFactory.Create(logging => logging
                .Configure(options => options.ActivityTrackingOptions = ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId)
                .AddProvider(provider));
            say(factory.CreateLogger("Some.Category"));
        }

        return Encoding.UTF8.GetString(stream.ToArray()).ReplaceLineEndings("\n");
    }

    private static ZLoggerOptions Options() => new ZLoggerOptions
    {
        IncludeScopes = true,
        TimeProvider = new FakeTimeProvider(DateTimeOffset.Parse("2026-05-04T03:02:01.007Z", CultureInfo.InvariantCulture)),
    }.UseFormatter(() => new ConsoleLine());

    [LoggerMessage(LogLevel.Warning, "{Count} requests wait")]
    private static partial void LogWaiting(ILogger logger, int count);

    [LoggerMessage(LogLevel.Information, "started")]
    private static partial void LogStarted(ILogger logger);

    [LoggerMessage(LogLevel.Error, "asked for {Model}")]
    private static partial void LogAsked(ILogger logger, Exception exception, string model);
}
