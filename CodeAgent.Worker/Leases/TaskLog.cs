using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Leases;

/// <summary>The log file of an attempt: its events as lines of text.</summary>
internal sealed class TaskLog : IAsyncDisposable
{
    private readonly StreamWriter _writer;

    /// <summary>Opens the file, new.</summary>
    public TaskLog(string path)
    {
        Directory.CreateDirectory(System.IO.Path.GetDirectoryName(path)!);
        Path = path;
        _writer = new(new FileStream(path, FileMode.Create, FileAccess.Write, FileShare.ReadWrite, 16 * 1024, FileOptions.Asynchronous));
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

        await _writer.WriteAsync(text, cancellationToken);
        await _writer.FlushAsync(cancellationToken);
    }

    /// <summary>Adds a line of the worker's own; not while events are being written.</summary>
    public async Task NoteAsync(DateTimeOffset at, string note, CancellationToken cancellationToken)
    {
        await _writer.WriteAsync(string.Create(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {note}\n").AsMemory(), cancellationToken);
        await _writer.FlushAsync(cancellationToken);
    }

    /// <summary>Closes the file.</summary>
    public ValueTask DisposeAsync() => _writer.DisposeAsync();

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
