using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Leases;

/// <summary>The log file of an attempt: its events as lines of text.</summary>
internal sealed class TaskLog : IAsyncDisposable
{
    // Without a buffer: what could not be written is dropped, not tried again when the file is closed.
    private readonly FileStream _file;
    private string? _gap;

    /// <summary>Opens the file, new.</summary>
    public TaskLog(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
        _file = new(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, bufferSize: 0, FileOptions.Asynchronous);
    }

    /// <summary>The file.</summary>
    public string Path { get; }

    /// <summary>Adds lines for the events; they are in the file when this returns.</summary>
    public async Task WriteAsync(IEnumerable<WorkerEvent> events, CancellationToken cancellationToken)
    {
        var text = new StringBuilder();
        foreach (var reported in events)
        {
            Append(text, reported);
        }

        await WriteAsync(text.ToString(), cancellationToken);
    }

    /// <summary>Adds a line of the worker's own; not while events are being written.</summary>
    public async Task NoteAsync(DateTimeOffset at, string note, CancellationToken cancellationToken)
    {
        await WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {note}\n"), cancellationToken);
    }

    // The events are the record; this is a copy for people. A full disk makes a gap here, and says so, but ends no task.
    private async Task WriteAsync(string text, CancellationToken cancellationToken)
    {
        try
        {
            var gap = _gap is null ? "" : $"… lines are missing here: {_gap}\n";
            await _file.WriteAsync(Encoding.UTF8.GetBytes(gap + text), cancellationToken);
            await _file.FlushAsync(cancellationToken);
            _gap = null;
        }
        catch (IOException e)
        {
            _gap = e.Message;
        }
    }

    /// <summary>Closes the file.</summary>
    public ValueTask DisposeAsync() => _file.DisposeAsync();

    // 2026-01-31T12:00:00.000Z output
    //     whatever the program printed
    private static void Append(StringBuilder text, WorkerEvent reported)
    {
        text.Append(CultureInfo.InvariantCulture, $"{reported.At.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {reported.Type}");
        var data = reported.Data;
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("text", out var only) && only.ValueKind == JsonValueKind.String)
        {
            text.Append('\n');
            foreach (var line in only.GetString()!.TrimEnd('\n').Split('\n'))
            {
                text.Append("    ").Append(line.TrimEnd('\r')).Append('\n');
            }
        }
        else
        {
            text.Append(' ').Append(data.GetRawText()).Append('\n');
        }
    }
}
