using System.Globalization;
using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Sandboxes.Containers;

/// <summary>Who the worker is, for the system.</summary>
internal static class UserIds
{
    /// <summary>The numbers of its user and group: <c>1000:1000</c>.</summary>
    public static string Text => string.Create(CultureInfo.InvariantCulture, $"{geteuid()}:{getegid()}");

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint geteuid();

    [DllImport("libc")]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern uint getegid();
}
