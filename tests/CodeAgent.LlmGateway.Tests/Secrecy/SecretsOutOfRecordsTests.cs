using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Secrecy;
using Microsoft.Extensions.Logging;
using OpenTelemetry;
using OpenTelemetry.Logs;

namespace CodeAgent.LlmGateway.Tests.Secrecy;

public sealed partial class SecretsOutOfRecordsTests
{
    [Fact]
    public void No_record_that_is_sent_has_a_secret_in_its_text_its_fields_or_its_exception()
    {
        var key = Secret.NewKey();
        var sent = new List<string>();
        using (var factory = LoggerFactory.Create(logging => logging.AddOpenTelemetry(telemetry =>
        {
            telemetry.IncludeFormattedMessage = true;
            telemetry.AddProcessor(new SecretsOutOfRecords()).AddProcessor(new SimpleLogRecordExportProcessor(new Exporter(sent)));
        })))
        {
            var logger = factory.CreateLogger("x");
            LogOpened(logger, new InvalidOperationException($"no door for {key}"), key, 3);
            LogOpened(logger, new InvalidOperationException("no door"), "nobody", 4);
        }

        Assert.Equal(2, sent.Count);
        Assert.DoesNotContain(key, sent[0], StringComparison.Ordinal);
        Assert.Contains("*** opened 3 doors", sent[0], StringComparison.Ordinal);
        Assert.Contains("exception.message=no door for ***", sent[0], StringComparison.Ordinal);
        Assert.Contains("nobody opened 4 doors", sent[1], StringComparison.Ordinal);
        Assert.Contains("System.InvalidOperationException: no door", sent[1], StringComparison.Ordinal);
    }

    [LoggerMessage(LogLevel.Error, "{Who} opened {Count} doors")]
    private static partial void LogOpened(ILogger logger, Exception exception, string who, int count);

    private sealed class Exporter(List<string> sent) : BaseExporter<LogRecord>
    {
        public override ExportResult Export(in Batch<LogRecord> batch)
        {
            foreach (var record in batch)
            {
                var fields = (record.Attributes ?? []).Select(attribute => $"{attribute.Key}={attribute.Value}");
                sent.Add(string.Join(' ', [record.FormattedMessage, record.Body, .. fields, record.Exception?.ToString()]));
            }

            return ExportResult.Success;
        }
    }
}
