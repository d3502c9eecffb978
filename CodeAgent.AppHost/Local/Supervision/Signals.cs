using System.Diagnostics;
using System.Runtime.InteropServices;

namespace CodeAgent.AppHost.Local;

internal static class Signals
{
    private const int Sigterm = 15;

    /// <summary>
    /// Asks a process to end; .NET itself can only kill. On Windows nothing is sent: there Ctrl+C has reached the services as
    /// well, and those that it did not reach are ended when the patience with them is.
    /// </summary>
    public static void Terminate(Process process)
    {
        if (!OperatingSystem.IsWindows() && !process.HasExited)
        {
            // Fails only where the process is gone by now, which is what was wanted.
            _ = Kill(process.Id, Sigterm);
        }
    }

    [DllImport("libc", EntryPoint = "kill", ExactSpelling = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int Kill(int pid, int signal);
}
