namespace CodeAgent.Worker.Workspaces;

/// <summary>A lock that holds within this process and among the processes of the machine, and that ends with the process, however it ends.</summary>
internal sealed class FileLock : IDisposable
{
    private const int HeldOnLinux = 11;
    private const int HeldOnMac = 35;
    private const int HeldOnWindows = unchecked((int)0x80070020);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(50);
    private readonly FileStream _file;

    private FileLock(FileStream file) => _file = file;

    /// <summary>Waits until the lock is ours.</summary>
    public static async Task<FileLock> AcquireAsync(string path, TimeProvider time, CancellationToken cancellationToken)
    {
        while (true)
        {
            if (TryAcquire(path) is { } acquired)
            {
                return acquired;
            }

            await Task.Delay(Interval, time, cancellationToken);
        }
    }

    /// <summary>Takes the lock if nobody has it.</summary>
    public static FileLock? TryAcquire(string path)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(path)!);
        try
        {
            var file = new FileStream(path, FileMode.OpenOrCreate, FileAccess.ReadWrite, FileShare.None, bufferSize: 1);

            // Its last holder may have deleted it between our opening and our locking: then we hold a file that nobody else sees.
            if (File.Exists(path))
            {
                return new(file);
            }

            file.Dispose();
            return null;
        }
        catch (IOException e) when (e.HResult is HeldOnLinux or HeldOnMac or HeldOnWindows)
        {
            return null;
        }
    }

    /// <summary>Lets go.</summary>
    public void Dispose() => _file.Dispose();
}
