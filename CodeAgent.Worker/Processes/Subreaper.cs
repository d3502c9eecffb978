using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Processes;

/// <summary>
/// Makes this process the parent of every descendant whose own parent ends, in place of init. A process that left its session
/// and emptied its environment is found by that alone. The framework collects only the children that it started itself, so
/// somebody has to collect these.
/// </summary>
internal static class Subreaper
{
    private const int SetChildSubreaper = 36;
    private const int DoNotWait = 1;

    /// <summary>From now on. Does nothing where the system has no such thing.</summary>
    public static void Enable()
    {
        if (OperatingSystem.IsLinux())
        {
            _ = prctl(SetChildSubreaper, 1, 0, 0, 0);
        }
    }

    /// <summary>Collects a child that has ended.</summary>
    public static void Collect(int process) => _ = waitpid(process, out _, DoNotWait);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int prctl(int option, nuint second, nuint third, nuint fourth, nuint fifth);

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int waitpid(int process, out int status, int options);
}
