using CliWrap;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Removes folders that agents filled.</summary>
internal static class FolderRemoval
{
    private const int Tries = 5;
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    /// <summary>Removes a folder with all that is in it; links are removed, not followed. Nothing happens where there is none.</summary>
    /// <exception cref="IOException">It could not be removed.</exception>
    public static async Task RemoveAsync(string path, TimeProvider time)
    {
        for (var attempt = 1; ; attempt++)
        {
            try
            {
                // Deleting has no asynchronous form.
                await Task.Run(() => Remove(path));
                return;
            }
            catch (IOException) when (attempt < Tries)
            {
                // A process that is just ending may have written into it meanwhile.
                await Task.Delay(Interval, time);
            }
            catch (IOException) when (!OperatingSystem.IsWindows())
            {
                // A file name need not be text, and .NET can only name those that are.
                await Cli.Wrap("rm").WithArguments(["-rf", "--", path]).WithValidation(CommandResultValidation.None).ExecuteAsync();
                if (Directory.Exists(path))
                {
                    throw;
                }

                return;
            }
        }
    }

    private static void Remove(string path)
    {
        if (!Directory.Exists(path))
        {
            return;
        }

        try
        {
            Directory.Delete(path, recursive: true);
        }
        catch (UnauthorizedAccessException) when (!OperatingSystem.IsWindows())
        {
            // Package caches make folders read-only.
            Open(path);
            Directory.Delete(path, recursive: true);
        }
    }

    [System.Runtime.Versioning.UnsupportedOSPlatform("windows")]
    private static void Open(string folder)
    {
        File.SetUnixFileMode(folder, File.GetUnixFileMode(folder) | UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        foreach (var inner in new DirectoryInfo(folder).EnumerateDirectories().Where(inner => inner.LinkTarget is null))
        {
            Open(inner.FullName);
        }
    }
}
