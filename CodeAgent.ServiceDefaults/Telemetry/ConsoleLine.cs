using System.Buffers;
using System.Globalization;
using System.Text;
using CodeAgent.ServiceDefaults.Secrecy;
using ZLogger;

namespace CodeAgent.ServiceDefaults.Telemetry;

/// <summary>
/// A line of the log, on the console and in files: time (UTC), level, trace ID, category, message, what else the scopes say,
/// exception. Always one line, so that nothing that somebody sent can look like a line of ours, and without secrets. Used by one
/// thread at a time.
/// </summary>
internal sealed class ConsoleLine : IZLoggerFormatter
{
    private const string TraceId = "TraceId";
    private const string NoTrace = "-";
    private const int LongestTime = 32;
    private static readonly SearchValues<byte> LineEnds = SearchValues.Create("\r\n"u8);
    private readonly ArrayBufferWriter<byte> _text = new(1024);

    public bool WithLineBreak => true;

    public void FormatLogEntry(IBufferWriter<byte> writer, IZLoggerEntry entry)
    {
        var info = entry.LogInfo;
        var scopes = info.ScopeState is { IsEmpty: false } state ? state.Properties : [];
        _text.ResetWrittenCount();
        info.Timestamp.Utc.TryFormat(_text.GetSpan(LongestTime), out var length, "yyyy-MM-dd'T'HH:mm:ss.fff'Z '", CultureInfo.InvariantCulture);
        _text.Advance(length);
        _text.Write(Name(info.LogLevel));
        Write(Trace(scopes));
        _text.Write(" "u8);
        _text.Write(info.Category.Utf8Span);
        _text.Write(": "u8);
        entry.ToString(_text);
        foreach (var (key, value) in scopes)
        {
            if (!IsKnown(key))
            {
                _text.Write(" "u8);
                Write(key);
                _text.Write("="u8);
                Write(Convert.ToString(value, CultureInfo.InvariantCulture));
            }
        }

        if (info.Exception is { } exception)
        {
            _text.Write(" "u8);
            Write(exception.ToString());
        }

        var said = SecretText.Hide(_text.WrittenSpan);
        var line = writer.GetSpan(said.Length)[..said.Length];
        said.CopyTo(line);
        line.ReplaceAny(LineEnds, (byte)' ');
        writer.Advance(line.Length);
    }

    private static string Trace(ReadOnlySpan<KeyValuePair<string, object?>> scopes)
    {
        foreach (var (key, value) in scopes)
        {
            if (key == TraceId)
            {
                return value as string ?? NoTrace;
            }
        }

        return NoTrace;
    }

    // What the web server says of every request; the trace has all of it.
    private static bool IsKnown(string key) =>
        key is TraceId or "SpanId" or "ParentId" or "ConnectionId" or "RequestId" or "RequestPath" or "{OriginalFormat}";

    private void Write(string? text) => Encoding.UTF8.GetBytes(text, _text);

    private static ReadOnlySpan<byte> Name(LogLevel level) => level switch
    {
        LogLevel.Trace => "trce "u8,
        LogLevel.Debug => "dbug "u8,
        LogLevel.Information => "info "u8,
        LogLevel.Warning => "warn "u8,
        LogLevel.Error => "fail "u8,
        _ => "crit "u8,
    };
}
