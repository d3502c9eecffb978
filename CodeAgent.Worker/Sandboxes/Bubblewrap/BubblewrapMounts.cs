using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Sandboxes.Bubblewrap;

/// <summary>The files that a command sees, as arguments of <c>bwrap</c>: the system, read-only, and its lease's own. Nothing else is there.</summary>
internal static class BubblewrapMounts
{
    private static readonly string[] System = ["/usr", "/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"];

    // What programs look up about users, names, certificates and their own installation. Never what has passwords or keys in it.
    private static readonly string[] Etc =
    [
        "passwd", "group", "nsswitch.conf", "hosts", "host.conf", "resolv.conf", "gai.conf", "services", "protocols", "networks",
        "ld.so.cache", "ld.so.conf", "ld.so.conf.d", "alternatives", "localtime", "timezone", "os-release", "debian_version", "mime.types",
        "ssl/certs", "ssl/openssl.cnf", "ssl/cert.pem", "pki/tls/certs", "pki/tls/openssl.cnf", "pki/ca-trust", "ca-certificates", "ca-certificates.conf",
        "crypto-policies", "dotnet", "java-17-openjdk", "java-21-openjdk", "fonts", "perl", "python3", "profile", "bash.bashrc", "inputrc", "terminfo", "magic", "xml", "sgml",
    ];

    // Settings of the whole machine, which its root may write and root in a sandbox, being the same user, could; and what it could
    // read of the kernel's. bwrap itself closes only some of it.
    private static readonly string[] ClosedForWriting = ["acpi", "bus", "driver", "fs", "irq", "mtrr", "pressure", "scsi", "sys", "sysrq-trigger"];
    private static readonly string[] Hidden = ["kallsyms", "kcore", "keys", "key-users", "kmsg", "latency_stats", "sched_debug", "slabinfo", "timer_list", "timer_stats", "vmallocinfo"];

    /// <summary>What the kernel shows of itself.</summary>
    public static IEnumerable<string> ForKernel() =>
    [
        "--proc", "/proc", .. ClosedForWriting.Select(name => "/proc/" + name).Where(Path.Exists).SelectMany(path => (string[])["--ro-bind", path, path]),
        .. Hidden.Select(name => "/proc/" + name).Where(Path.Exists).SelectMany(path => (string[])["--ro-bind", "/dev/null", path]), "--dev", "/dev",
    ];

    /// <summary>The system, the same for every command.</summary>
    /// <param name="readOnly">More that can be read; what is not there is left out.</param>
    public static IEnumerable<string> ForSystem(IEnumerable<string> readOnly)
    {
        foreach (var path in System)
        {
            // On most systems /bin is a link to /usr/bin.
            var folder = new DirectoryInfo(path);
            string[] mount = folder.LinkTarget is { } target ? ["--symlink", target, path] : folder.Exists ? ["--ro-bind", path, path] : [];
            foreach (var argument in mount)
            {
                yield return argument;
            }
        }

        foreach (var path in Etc.Select(name => "/etc/" + name).Concat(readOnly))
        {
            yield return "--ro-bind-try";
            yield return path;
            yield return path;
        }
    }

    /// <summary>Temporary files: a folder of the lease's on the disk, so that what one command leaves there, the next one finds.</summary>
    public static IEnumerable<string> ForTemporary(TaskFolder folder) =>
        ["--bind", folder.Temp, "/tmp", "--bind", folder.Temp, folder.Temp, "--dir", "/var", "--symlink", "/tmp", "/var/tmp", "--dir", "/run"];

    /// <summary>The lease's own: workspace and home, where they are outside as well. Whatever else is in the work folder is hidden, should a folder around it be among those that can be read.</summary>
    public static IEnumerable<string> ForLease(TaskFolder folder, IEnumerable<string> readOnly)
    {
        var work = Path.GetDirectoryName(Path.GetDirectoryName(folder.Root))!;
        return
        [
            "--tmpfs", work, .. readOnly.SelectMany(path => (string[])["--ro-bind-try", path, path]),
            "--bind", folder.Home, folder.Home, "--bind", folder.Tree, folder.Tree, "--remount-ro", work,
        ];
    }
}
