using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Processes;

/// <summary>Signals to processes that are not children of ours; the framework has only its own kill for started ones.</summary>
internal static class Signals
{
    public const int Terminate = 15;
    public const int Kill = 9;

    /// <summary>Sends a signal. That the process is gone already is no failure.</summary>
    public static void Send(int process, int signal)
    {
        // 0 and less would mean whole groups of processes, ours among them.
        if (process > 0)
        {
            _ = kill(process, signal);
        }
    }

    [DllImport("libc", EntryPoint = "kill", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int kill(int process, int signal);
}
