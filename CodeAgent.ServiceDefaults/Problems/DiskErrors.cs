namespace CodeAgent.ServiceDefaults.Problems;

/// <summary>What the errors of disks mean.</summary>
public static class DiskErrors
{
    // What an IOException carries of a full disk: errno(3) ENOSPC and EDQUOT, and ERROR_DISK_FULL.
    private const int NoSpace = 28;
    private const int NoQuota = 122;
    private const int NoSpaceOnWindows = unchecked((int)0x80070070);

    /// <summary>Whether there is no room left.</summary>
    public static bool MeansDiskIsFull(this Exception error) => error is IOException { HResult: NoSpace or NoQuota or NoSpaceOnWindows };

    /// <summary>The refusal where there is no room left. Whoever throws it has kept nothing of what came.</summary>
    public static ProblemException Full() => new("disk-full", StatusCodes.Status507InsufficientStorage,
        "There is no room on the disk for this just now. Nothing was kept of it.")
    { RetryAfter = TimeSpan.FromSeconds(5) };
}
