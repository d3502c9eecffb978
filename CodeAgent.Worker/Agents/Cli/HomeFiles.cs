using System.ComponentModel;
using System.Runtime.InteropServices;
using Microsoft.Win32.SafeHandles;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>A path in an agent's home that is not what it should be.</summary>
internal sealed class HomeException(string message) : IOException(message);

/// <summary>
/// Files in a home in which an agent may have put anything, links to the worker's files and pipes among it: every folder on the
/// way is opened by itself, no link is followed, and only ordinary files are read.
/// </summary>
internal static class HomeFiles
{
    private const int WriteOnly = 0x1;
    private const int Create = 0x40;
    private const int Exclusive = 0x80;
    private const int NonBlocking = 0x800;
    private const int CloseOnExec = 0x80000;
    private const int NotThere = 2;
    private const int AlreadyThere = 17;
    private const uint FolderMode = 0x1c0; // rwx------
    private const uint FileMode = 0x180; // rw-------

    // These two differ from machine to machine.
    private static readonly bool IsArm = RuntimeInformation.ProcessArchitecture is Architecture.Arm64 or Architecture.Arm;
    private static readonly int FolderOnly = IsArm ? 0x4000 : 0x10000;
    private static readonly int NoFollow = IsArm ? 0x8000 : 0x20000;

    /// <summary>Puts a new file in the place of what is there; folders on the way are made.</summary>
    /// <param name="home">The home, which is made where it is not there.</param>
    /// <param name="path">From the home; without <c>..</c>.</param>
    /// <param name="content">What is in it.</param>
    /// <param name="cancellationToken">Ends it.</param>
    /// <exception cref="HomeException">A folder on the way is a link or a file, or the file is a folder.</exception>
    public static async Task WriteAsync(string home, string path, ReadOnlyMemory<byte> content, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(home);
        var names = Names(path);
        using var folder = Open(home, names[..^1], make: true) ?? throw Wrong(path, "a folder on the way to it is gone");
        if (unlinkat(folder, names[^1], 0) != 0 && Marshal.GetLastPInvokeError() != NotThere)
        {
            throw Wrong(path, Reason());
        }

        using var file = openat(folder, names[^1], WriteOnly | Create | Exclusive | NoFollow | CloseOnExec, FileMode);
        if (file.IsInvalid)
        {
            throw Wrong(path, Reason());
        }

        await RandomAccess.WriteAsync(file, content, 0, cancellationToken);
    }

    /// <summary>Opens a folder.</summary>
    /// <returns>None where it is not there, or a link is on the way.</returns>
    public static SafeFileHandle? OpenFolder(string home, string path) => Directory.Exists(home) ? Open(home, Names(path), make: false) : null;

    /// <summary>Opens a folder in a folder.</summary>
    /// <returns>None where it is none.</returns>
    public static SafeFileHandle? OpenFolder(SafeFileHandle folder, string name) => Valid(openat(folder, name, FolderOnly | NoFollow | CloseOnExec, 0));

    /// <summary>Opens a file in a folder for reading.</summary>
    /// <returns>None where it cannot be read, or is no ordinary file.</returns>
    public static SafeFileHandle? OpenFile(SafeFileHandle folder, string name)
    {
        var file = Valid(openat(folder, name, NoFollow | NonBlocking | CloseOnExec, 0));
        if (file is null)
        {
            return null;
        }

        // A pipe has no place to go to.
        if (lseek(file, 0, 1) >= 0)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>The names in a folder.</summary>
    public static IEnumerable<string> NamesIn(SafeFileHandle folder) =>
        Directory.EnumerateFileSystemEntries($"/proc/self/fd/{folder.DangerousGetHandle()}").Select(entry => Path.GetFileName(entry));

    private static SafeFileHandle? Open(string home, IReadOnlyList<string> names, bool make)
    {
        var folder = open(home, FolderOnly | NoFollow | CloseOnExec, 0);
        foreach (var name in names)
        {
            if (folder.IsInvalid)
            {
                break;
            }

            if (make && mkdirat(folder, name, FolderMode) != 0 && Marshal.GetLastPInvokeError() != AlreadyThere)
            {
                using (folder)
                {
                    throw Wrong(string.Join('/', names), Reason());
                }
            }

            using var parent = folder;
            folder = openat(parent, name, FolderOnly | NoFollow | CloseOnExec, 0);
        }

        return folder.IsInvalid && make ? throw Wrong(string.Join('/', names), "it is a link, or no folder") : Valid(folder);
    }

    private static SafeFileHandle? Valid(SafeFileHandle handle)
    {
        if (!handle.IsInvalid)
        {
            return handle;
        }

        handle.Dispose();
        return null;
    }

    private static string[] Names(string path)
    {
        var names = path.Split('/', StringSplitOptions.RemoveEmptyEntries);
        return names.Length == 0 || names.Any(name => name is "." or "..") ? throw Wrong(path, "it is no path below the home") : names;
    }

    private static string Reason() => new Win32Exception(Marshal.GetLastPInvokeError()).Message;

    private static HomeException Wrong(string path, string reason) => new($"'{path}' in the agent's home cannot be used: {reason}.");

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle open([MarshalAs(UnmanagedType.LPUTF8Str)] string path, int flags, uint mode);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern SafeFileHandle openat(SafeFileHandle folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int flags, uint mode);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int mkdirat(SafeFileHandle folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, uint mode);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern int unlinkat(SafeFileHandle folder, [MarshalAs(UnmanagedType.LPUTF8Str)] string name, int flags);

    [DllImport("libc", SetLastError = true)]
    [DefaultDllImportSearchPaths(DllImportSearchPath.SafeDirectories)]
    private static extern long lseek(SafeFileHandle file, long offset, int whence);
}
