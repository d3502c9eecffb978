using System.Collections.Frozen;
using CodeAgent.ServiceDefaults.Health;
using CodeAgent.ServiceDefaults.Secrecy;
using Microsoft.Extensions.Configuration.Memory;
using OpenTelemetry;
using OpenTelemetry.Metrics;
using OpenTelemetry.Trace;
using ZLogger;
using ZLogger.Providers;

namespace CodeAgent.ServiceDefaults.Telemetry;

internal static class TelemetryExtensions
{
    // Their lines at Information are several a request and say what the spans say. Any other source of configuration wins.
    private static readonly Dictionary<string, string?> QuietFrameworks = new()
    {
        ["Logging:LogLevel:Microsoft.AspNetCore"] = "Warning",
        ["Logging:LogLevel:System.Net.Http"] = "Warning",
        ["Logging:LogLevel:Polly"] = "Warning",
        ["Logging:LogLevel:Yarp"] = "Warning",
    };

    // Counted at every request, or every block of memory, and to be had from the durations, which are kept, or of use to nobody here.
    private static readonly FrozenSet<string> SaidElsewhere = FrozenSet.Create(
        "aspnetcore.authentication.authenticate.duration", "aspnetcore.authorization.attempts", "aspnetcore.routing.match_attempts",
        "aspnetcore.memory_pool.allocated", "aspnetcore.memory_pool.evicted", "aspnetcore.memory_pool.pooled", "aspnetcore.memory_pool.rented",
        "http.client.active_requests", "http.client.request.time_in_queue");

    private const int LinesWaiting = 100_000;

    // Its line for each request has the whole address, and some clients put their key into that. No setting may bring it back.
    private const string AddressLog = "Microsoft.AspNetCore.Hosting.Diagnostics";

    public static void AddTelemetry(this WebApplicationBuilder builder, TelemetryOptions options)
    {
        builder.Configuration.Sources.Insert(0, new MemoryConfigurationSource { InitialData = QuietFrameworks });
        builder.Logging.Configure(logging => logging.ActivityTrackingOptions =
            ActivityTrackingOptions.TraceId | ActivityTrackingOptions.SpanId);
        builder.Services.PostConfigure<LoggerFilterOptions>(QuietAddresses);
        builder.Logging.ClearProviders();
        builder.AddSecrecy();
        builder.Logging.AddZLoggerConsole(Configure);
        if (builder.Environment.IsDevelopment() && LogFiles.Of(builder.Configuration) is { } files)
        {
            builder.Logging.AddZLoggerRollingFile(file =>
            {
                file.FilePathSelector = (_, number) => files.Next(number);
                file.RollingInterval = RollingInterval.Infinite;
                file.RollingSizeKB = LogFiles.LargestKilobytes;
                Configure(file);
            });
        }

        builder.Logging.AddOpenTelemetry(logging =>
        {
            // Without the scopes: what they have of a request is in the span that the record of a traced one names.
            logging.IncludeFormattedMessage = true;
            logging.AddProcessor(new SecretsOutOfRecords());
        });

        var telemetry = builder.Services.AddOpenTelemetry()
            .WithMetrics(metrics => metrics
                .AddAspNetCoreInstrumentation()
                .AddHttpClientInstrumentation()
                .AddRuntimeInstrumentation()
                .AddMeter(CodeAgentTelemetry.Name)
                .AddView(instrument => SaidElsewhere.Contains(instrument.Name) ? MetricStreamConfiguration.Drop : null))
            .WithTracing(tracing => tracing
                .AddSource(CodeAgentTelemetry.Name, builder.Environment.ApplicationName)
                .AddAspNetCoreInstrumentation(asp => asp.Filter = context =>
                    !HealthEndpoints.IsHealth(context.Request.Path) && !options.Untraced(context))
                .AddHttpClientInstrumentation(http => http.FilterHttpRequestMessage = request => !options.UntracedOutgoing(request)));

        if (!string.IsNullOrWhiteSpace(builder.Configuration["OTEL_EXPORTER_OTLP_ENDPOINT"]))
        {
            telemetry.UseOtlpExporter();
        }
    }

    private static void Configure(ZLoggerOptions log)
    {
        log.IncludeScopes = true;
        log.UseFormatter(() => new ConsoleLine());
        log.InternalErrorLogger = exception => Console.Error.WriteLine($"The log could not be written: {exception}");

        // Where nobody takes what is written, lines are lost rather than memory, or time.
        log.FullMode = BackgroundBufferFullMode.Drop;
        log.BackgroundBufferCapacity = LinesWaiting;
    }

    private static void QuietAddresses(LoggerFilterOptions options)
    {
        foreach (var provider in options.Rules.Select(rule => rule.ProviderName).Append(null).Distinct().ToList())
        {
            options.Rules.Add(new(provider, AddressLog, LogLevel.Warning, null));
        }
    }
}
