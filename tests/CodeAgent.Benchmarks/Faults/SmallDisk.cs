using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>The folder of artifacts, on a disk of 4 MB of its own where one may be mounted.</summary>
internal sealed class SmallDisk : IAsyncDisposable
{
    private readonly string _filler;

    private SmallDisk(string folder, bool isSmall) => (Folder, IsSmall, _filler) = (folder, isSmall, Path.Combine(folder, "filler"));

    public string Folder { get; }

    /// <summary>Whether it can be filled.</summary>
    public bool IsSmall { get; }

    public static async Task<SmallDisk> MountAsync(string name, CancellationToken stop)
    {
        var folder = Path.Combine(Places.Work, name);

        // One that a run before has left, since it was killed.
        await Tool.TryRunAsync("umount", ["--quiet", "--lazy", folder], stop);
        if (Directory.Exists(folder))
        {
            Directory.Delete(folder, recursive: true);
        }

        Directory.CreateDirectory(folder);
        return new(folder, await Tool.TryRunAsync("mount", ["-t", "tmpfs", "-o", "size=4m", "tmpfs", folder], stop) is (0, _));
    }

    /// <summary>Leaves no room.</summary>
    public async Task FillAsync(CancellationToken stop)
    {
        try
        {
            await using var file = new FileStream(_filler, FileMode.Create, FileAccess.Write, FileShare.None, 1, FileOptions.Asynchronous);
            while (true)
            {
                await file.WriteAsync(new byte[4096], stop);
            }
        }
        catch (IOException)
        {
            // It is full.
        }
    }

    /// <summary>Makes room again.</summary>
    public void Free() => File.Delete(_filler);

    /// <summary>Removes what the tasks of a seed have left.</summary>
    public void Empty()
    {
        Free();
        foreach (var folder in Directory.GetDirectories(Folder))
        {
            Directory.Delete(folder, recursive: true);
        }
    }

    public async ValueTask DisposeAsync()
    {
        if (IsSmall)
        {
            await Tool.TryRunAsync("umount", ["--lazy", Folder], CancellationToken.None);
        }
    }
}
