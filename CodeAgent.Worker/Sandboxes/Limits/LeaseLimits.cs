using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Sandboxes.Limits;

/// <summary>Keeps the programs of a lease within limits: by a group of the kernel's where one can be made, otherwise by looking every now and then.</summary>
internal sealed class LeaseLimits(LimitSet limits, CgroupHomes homes, string name, TaskFolder folder, TimeProvider time) : IAsyncDisposable
{
    private const int Block = 512;
    private static readonly TimeSpan DiskInterval = TimeSpan.FromSeconds(3);
    private readonly SemaphoreSlim _making = new(1);
    private readonly Cgroup _group = new(homes, name, limits);
    private bool _made;
    private (long Memory, long Processes) _seen;

    private bool NeedsGroup => (limits.Memory is not null && homes.Memory is not null) || (limits.Processes is not null && homes.Pids is not null) || (limits.Cpus is not null && homes.Cpu is not null);

    /// <summary>Limits of the lease that nothing here can keep, in words; none where all are kept.</summary>
    public string? NotKept => limits.Cpus is not null && homes.Cpu is null ? "sandbox.limits.cpus is not kept: no group of processes can be made here" : null;

    /// <summary>Applies them to a command.</summary>
    public async Task ApplyAsync(Launch launch, CancellationToken cancellationToken)
    {
        if (limits.File is { } file)
        {
            launch.Before += $"ulimit -f {Math.Max(1, file / Block)}; ";
        }

        if (NeedsGroup)
        {
            await MakeAsync(cancellationToken);
            launch.Before = _group.Enter + launch.Before;
            launch.WhenEnded(HitAsync);
        }

        if (limits.Memory is { } memory && homes.Memory is null)
        {
            launch.Watch(async processes => await ResidentAsync(processes) > memory ? limits.MemoryText : null);
        }

        if (limits.Processes is { } most && homes.Pids is null)
        {
            launch.Watch(processes => ValueTask.FromResult(processes.Count > most ? limits.ProcessesText : null));
        }

        if (limits.Disk is { } disk)
        {
            var last = time.GetTimestamp();
            launch.Watch(async _ =>
            {
                if (time.GetElapsedTime(last) < DiskInterval)
                {
                    return null;
                }

                var used = await Task.Run(() => new[] { folder.Tree, folder.Home, folder.Temp }.Sum(Length), CancellationToken.None);
                last = time.GetTimestamp();
                return used > disk ? limits.DiskText : null;
            });
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _group.RemoveAsync();

        _making.Dispose();
    }

    private async Task MakeAsync(CancellationToken cancellationToken)
    {
        await _making.WaitAsync(cancellationToken);
        try
        {
            if (!_made)
            {
                // Whole or not at all: a command must not run in one without its limits.
                await _group.CreateAsync(CancellationToken.None);
                _made = true;
            }
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CommandNotStartedException($"The limits of the task cannot be kept: {e.Message}");
        }
        finally
        {
            _making.Release();
        }
    }

    // The group is the lease's. Of two commands that run at once, the one that ends first says it.
    private async ValueTask<string?> HitAsync()
    {
        await _making.WaitAsync();
        try
        {
            var (memory, processes) = await _group.CountAsync(CancellationToken.None);
            var (memoryBefore, processesBefore) = _seen;
            _seen = (memory, processes);
            return memory > memoryBefore ? limits.MemoryText : processes > processesBefore ? limits.ProcessesText : null;
        }
        finally
        {
            _making.Release();
        }
    }

    private static async Task<long> ResidentAsync(IReadOnlyCollection<ProcessEntry> processes)
    {
        var sum = 0L;
        foreach (var process in processes)
        {
            sum += await ProcessTable.ResidentAsync(process.Id, CancellationToken.None);
        }

        return sum;
    }

    private static long Length(string path)
    {
        try
        {
            return new DirectoryInfo(path).EnumerateFiles("*", new EnumerationOptions { RecurseSubdirectories = true, IgnoreInaccessible = true, AttributesToSkip = FileAttributes.ReparsePoint }).Sum(file => file.Length);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // What is being written and removed meanwhile is counted the next time.
            return 0;
        }
    }
}
