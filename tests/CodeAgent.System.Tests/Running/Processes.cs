using System.Globalization;
using System.Runtime.InteropServices;

namespace CodeAgent.SystemTests.Running;

/// <summary>The processes of this machine, by what <c>/proc</c> says of them.</summary>
internal static partial class Processes
{
    public const int Interrupt = 2;
    public const int Kill = 9;
    public const int Terminate = 15;
    public const int Continue = 18;
    public const int Stop = 19;

    /// <summary>Ids of the processes for whose command line and environment (parts ended by NUL) <paramref name="match"/> holds.</summary>
    public static async Task<IReadOnlyList<int>> FindAsync(Func<string, string, bool> match)
    {
        var found = new List<int>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id)
                && await ReadAsync($"{folder}/cmdline") is { Length: > 0 } commandLine
                && await ReadAsync($"{folder}/environ") is { } environment
                && match(commandLine, environment))
            {
                found.Add(id);
            }
        }

        return found;
    }

    /// <summary>Whether processes started here ignore an interrupt: a shell without job control sets that for those in the background.</summary>
    public static async Task<bool> IgnoreInterruptsAsync()
    {
        const string Name = "SigIgn:";
        var ignored = (await File.ReadAllLinesAsync("/proc/self/status")).First(line => line.StartsWith(Name, StringComparison.Ordinal));
        return (Convert.ToUInt64(ignored[Name.Length..].Trim(), 16) & (1UL << (Interrupt - 1))) != 0;
    }

    public static void Signal(int process, int signal)
    {
        if (SendSignal(process, signal) != 0 && Marshal.GetLastPInvokeError() is var error and not 3)
        {
            throw new InvalidOperationException($"kill({process}, {signal}) failed with {error}.");
        }
    }

    // A process can end between being listed and being read.
    private static async Task<string?> ReadAsync(string path)
    {
        try
        {
            return await File.ReadAllTextAsync(path);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            return null;
        }
    }

    [LibraryImport("libc", EntryPoint = "kill", SetLastError = true)]
    private static partial int SendSignal(int process, int signal);
}
