using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>Reads and writes files of the workspace.</summary>
internal static class WorkspaceFiles
{
    // Opening a named pipe blocks until somebody writes to it.
    private static readonly TimeSpan OpeningLimit = TimeSpan.FromSeconds(10);

    /// <summary>Opens a file for reading.</summary>
    /// <exception cref="ToolException">There is no such file, or it is no file.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    public static async Task<FileStream> OpenAsync(WorkspacePath path, CancellationToken cancellationToken)
    {
        if (Directory.Exists(path.Full))
        {
            throw new ToolException($"'{path.Shown}' is a folder; list shows what is in it.");
        }

        if (!File.Exists(path.Full))
        {
            throw new ToolException($"There is no file '{path.Shown}'.");
        }

        var opening = Task.Run(() => new FileStream(path.Full, new FileStreamOptions
        {
            Access = FileAccess.Read,
            Share = FileShare.ReadWrite | FileShare.Delete,
            Options = FileOptions.Asynchronous | FileOptions.SequentialScan,
        }), cancellationToken);
        FileStream stream;
        try
        {
            stream = await opening.WaitAsync(OpeningLimit, cancellationToken);
        }
        catch (TimeoutException e)
        {
            CloseLate(opening);
            throw NoOrdinaryFile(path, e);
        }
        catch (OperationCanceledException)
        {
            CloseLate(opening);
            throw;
        }

        await EnsureIsAsync(stream, path);
        if (!stream.CanSeek)
        {
            await stream.DisposeAsync();
            throw NoOrdinaryFile(path);
        }

        return stream;
    }

    /// <summary>Puts a whole file in place of what was there, or makes it. Nobody sees half of it; an existing file keeps its mode.</summary>
    /// <exception cref="ToolException">It is a folder.</exception>
    /// <exception cref="IOException">The system refuses.</exception>
    public static async Task WriteAsync(WorkspacePath path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        if (path.Relative.Length == 0 || Directory.Exists(path.Full))
        {
            throw new ToolException($"'{path.Shown}' is a folder.");
        }

        var folder = Path.GetDirectoryName(path.Full)!;
        Directory.CreateDirectory(folder);
        var name = $".{Guid.NewGuid():N}.tmp";
        var temporary = new WorkspacePath(Path.Combine(folder, name), name);
        try
        {
            var stream = new FileStream(temporary.Full, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
            });
            await EnsureIsAsync(stream, temporary);
            await using (stream)
            {
                await stream.WriteAsync(content, cancellationToken);
            }

            if (!OperatingSystem.IsWindows() && File.Exists(path.Full))
            {
                File.SetUnixFileMode(temporary.Full, File.GetUnixFileMode(path.Full));
            }

            // Replaces a link that was put there since, rather than following it.
            File.Move(temporary.Full, path.Full, overwrite: true);
        }
        finally
        {
            File.Delete(temporary.Full);
        }
    }

    private static ToolException NoOrdinaryFile(WorkspacePath path, Exception? inner = null) =>
        new($"'{path.Shown}' is a pipe or a device, which cannot be read.", inner);

    private static void CloseLate(Task<FileStream> opening) =>
        _ = opening.ContinueWith(static async late => await (await late).DisposeAsync(),
            CancellationToken.None, TaskContinuationOptions.OnlyOnRanToCompletion, TaskScheduler.Default);

    // Linux tells which file an open handle really is, so a link that was swapped in after the path was checked is found out.
    private static async Task EnsureIsAsync(FileStream stream, WorkspacePath path)
    {
        if (OperatingSystem.IsLinux()
            && new FileInfo($"/proc/self/fd/{stream.SafeFileHandle.DangerousGetHandle()}").LinkTarget is { } real
            && real != path.Full)
        {
            await stream.DisposeAsync();
            throw new ToolException($"'{path.Shown}' changed while it was opened.");
        }
    }
}
