using System.Security.Cryptography;
using System.Text;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Where things are: <c>cache/</c> with bare repositories, <c>tasks/</c> with a folder for each lease. Several workers share it.</summary>
/// <param name="root">The work folder, an absolute path.</param>
internal sealed class WorkFolders(string root)
{
    /// <summary>The bare repositories.</summary>
    public string Cache { get; } = Path.Combine(root, "cache");

    /// <summary>The folders of leases.</summary>
    public string Tasks { get; } = Path.Combine(root, "tasks");

    /// <summary>All of it.</summary>
    public string Root => root;

    /// <summary>The work folder of these options, below <paramref name="home"/>.</summary>
    public static WorkFolders Of(WorkerOptions options, string home) => new(Path.GetFullPath(options.WorkFolder, Path.GetFullPath(home)));

    /// <summary>The folder of a lease. With its fencing number in the name, two attempts never meet in one.</summary>
    public TaskFolder FolderOf(Guid task, long fence) => new(Path.Combine(Tasks, $"{task:N}-{fence}"));

    /// <summary>The folder of the lease that a path is in.</summary>
    public TaskFolder FolderOf(string path)
    {
        var relative = Path.GetRelativePath(Tasks, path);
        return relative.StartsWith('.') || Path.IsPathRooted(relative)
            ? new(Path.Combine(root, "outside"))
            : new(Path.Combine(Tasks, relative.Split(Path.DirectorySeparatorChar)[0]));
    }
}

/// <summary>The folder of a lease.</summary>
/// <param name="Root">An absolute path.</param>
internal sealed record TaskFolder(string Root)
{
    /// <summary>The workspace, where the agent works.</summary>
    public string Tree => Path.Combine(Root, "tree");

    /// <summary>The worker's own repository about the workspace; nothing that the agent does to the workspace's own touches it.</summary>
    public string Git => Path.Combine(Root, "git");

    /// <summary>What commands have as <c>HOME</c>.</summary>
    public string Home => Path.Combine(Root, "home");

    /// <summary>The log of the attempt.</summary>
    public string Log => Path.Combine(Root, "log.txt");

    /// <summary>Locked for as long as the worker that has the lease lives.</summary>
    public string Lock => Root + ".lock";

    /// <summary>
    /// What commands have as <c>TMPDIR</c>. Not below <see cref="Root"/>: programs put sockets there, whose paths must not
    /// be longer than 107 bytes, and build servers' names alone take half of that.
    /// </summary>
    public string Temp => Path.Combine(Path.GetTempPath(), $"codeagent-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Root)))[..12]}");

    /// <summary>Sockets between the worker and the sandbox of the lease. Beside <see cref="Temp"/>, because their paths must be short too.</summary>
    public string Sockets => Temp + "-net";

    /// <summary>A home of GnuPG, in which keys are for as long as commits are signed. It has a socket too, and no sandbox sees it.</summary>
    public string Signing => Temp + "-sign";

    /// <summary>Makes the folders that commands need.</summary>
    public void CreateForCommands()
    {
        Directory.CreateDirectory(Home);
        CreateOwn(Temp);
    }

    /// <summary>Makes the folder that sockets need.</summary>
    public void CreateForSockets() => CreateOwn(Sockets);

    /// <summary>Makes the home of GnuPG.</summary>
    public void CreateForSigning() => CreateOwn(Signing);

    private static void CreateOwn(string path)
    {
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(path);
        }
        else
        {
            Directory.CreateDirectory(path, UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute);
        }
    }
}
