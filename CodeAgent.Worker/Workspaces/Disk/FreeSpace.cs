namespace CodeAgent.Worker.Workspaces.Disk;

/// <summary>How many bytes a folder's disk has free.</summary>
internal delegate long FreeSpace(string folder);

/// <summary>What the disk is measured with.</summary>
internal static class DiskMeasure
{
    /// <summary>What the worker may still write.</summary>
    public static long Free(string folder)
    {
        Directory.CreateDirectory(folder);
        return new DriveInfo(folder).AvailableFreeSpace;
    }
}
