using System.Diagnostics;
using System.Text;

namespace CodeAgent.AppHost.Local;

/// <summary>What a process prints, line by line. A file that has grown to 20 MB becomes <c>NAME.1.log</c>, and the one before it goes.</summary>
internal sealed class LogFile(string path) : IAsyncDisposable
{
    private const long Limit = 20 * 1024 * 1024;
    private const int Kept = 10;
    private static readonly TimeSpan Remainder = TimeSpan.FromMilliseconds(500);

    private readonly SemaphoreSlim _writing = new(1);
    private readonly Queue<string> _last = new(Kept);
    private FileStream? _file;

    /// <summary>The last lines.</summary>
    public IReadOnlyList<string> Last
    {
        get
        {
            lock (_last)
            {
                return [.. _last];
            }
        }
    }

    /// <summary>Copies what a process prints until it has ended.</summary>
    public async Task CopyAsync(Process process)
    {
        // What it started may live on and keep the pipe open, and that is not what we wait for.
        using var ended = new CancellationTokenSource();
        var copies = Task.WhenAll(CopyAsync(process.StandardOutput, ended.Token), CopyAsync(process.StandardError, ended.Token));
        await process.WaitForExitAsync(CancellationToken.None);
        ended.CancelAfter(Remainder);
        await copies;
    }

    private async Task CopyAsync(StreamReader output, CancellationToken ended)
    {
        try
        {
            while (await output.ReadLineAsync(ended) is { } line)
            {
                await WriteAsync(line);
            }
        }
        catch (OperationCanceledException) when (ended.IsCancellationRequested)
        {
            // All that came in time.
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (_file is not null)
        {
            await _file.DisposeAsync();
        }

        _writing.Dispose();
    }

    private async Task WriteAsync(string line)
    {
        lock (_last)
        {
            if (_last.Count == Kept)
            {
                _last.Dequeue();
            }

            _last.Enqueue(line);
        }

        await _writing.WaitAsync();
        try
        {
            _file ??= Open();
            await _file.WriteAsync(Encoding.UTF8.GetBytes(line + Environment.NewLine));
            await _file.FlushAsync();
            if (_file.Length > Limit)
            {
                await _file.DisposeAsync();
                _file = null;
                File.Move(path, Path.ChangeExtension(path, ".1.log"), overwrite: true);
            }
        }
        catch (IOException)
        {
            // A full disk costs the line, which is kept in memory among the last ones. Whoever stopped reading here would make
            // the service wait for ever for somebody to take its output. The file is opened again for the next line.
            _file = null;
        }
        finally
        {
            _writing.Release();
        }
    }

    private FileStream Open()
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        return new FileStream(path, new FileStreamOptions
        {
            Mode = FileMode.Append,
            Access = FileAccess.Write,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.Asynchronous,
        });
    }
}
