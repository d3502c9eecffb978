using OpenTelemetry;
using OpenTelemetry.Logs;

namespace CodeAgent.ServiceDefaults.Secrecy;

/// <summary>Takes secrets out of the log's records before they are sent anywhere.</summary>
internal sealed class SecretsOutOfRecords : BaseProcessor<LogRecord>
{
    public override void OnEnd(LogRecord data)
    {
        data.FormattedMessage = Hide(data.FormattedMessage);
        data.Body = Hide(data.Body);
        if (data.Attributes is { } attributes && attributes.Any(attribute => attribute.Value is string text && Tells(text)))
        {
            data.Attributes = [.. attributes.Select(attribute => attribute.Value is string text ? new(attribute.Key, Hide(text)) : attribute)];
        }

        // An exception is sent with its texts, which cannot be changed: then only what is left of them is.
        if (data.Exception is { } exception && exception.ToString() is var told && Tells(told))
        {
            data.Exception = null;
            data.Attributes =
            [
                .. data.Attributes ?? [],
                new("exception.type", exception.GetType().FullName),
                new("exception.message", Hide(exception.Message)),
                new("exception.stacktrace", Hide(told)),
            ];
        }
    }

    private static bool Tells(string text) => !ReferenceEquals(SecretText.Hide(text), text);

    private static string? Hide(string? text) => text is null ? null : SecretText.Hide(text);
}
