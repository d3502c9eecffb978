using System.Globalization;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Secrecy;

namespace CodeAgent.Worker.Leases;

/// <summary>The log file of an attempt: its events as lines of text, without secrets.</summary>
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
            TaskLogText.Append(text, reported.At, reported.Type, reported.Data);
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
            await _file.WriteAsync(Encoding.UTF8.GetBytes(gap + SecretText.Hide(text)), cancellationToken);
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
}
