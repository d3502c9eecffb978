using System.IO.Pipes;
using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Processes;

/// <summary>
/// Gives a command's output more room than the usual 64 KiB. Programs of Node.js write to a pipe without waiting, and what does not
/// fit is lost when they exit (https://nodejs.org/api/process.html#a-note-on-process-io): a coding CLI whose last lines come after
/// a tool's megabytes would seem to have ended without a word.
/// </summary>
internal static class WidePipe
{
    // fcntl(2), since Linux 2.6.35. One mebibyte is what /proc/sys/fs/pipe-max-size allows everybody unless it was changed.
    private const int SetPipeSize = 1031;
    private const int Size = 1024 * 1024;

    /// <summary>Does it; where the system does not allow it the pipe stays as it is.</summary>
    public static void Make(Stream output)
    {
        if (OperatingSystem.IsLinux() && output is AnonymousPipeClientStream pipe)
        {
            _ = fcntl(pipe.SafePipeHandle, SetPipeSize, Size);
        }
    }

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int fcntl(SafeHandle file, int command, nint argument);
}
