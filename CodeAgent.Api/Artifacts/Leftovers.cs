using CodeAgent.Api.Tasks;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Artifacts;

/// <summary>What a crash leaves in the store: parts of uploads, and files that no task came to name, or whose task names another by now.</summary>
internal sealed class Leftovers(ArtifactStore files, TaskStore tasks, IOptions<ArtifactOptions> options, TimeProvider time)
{
    /// <summary>Removes temporary files that nobody has written to for long, and that nobody has open.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="IOException">The folder cannot be read, or one cannot be removed.</exception>
    public int DeleteTemporaries()
    {
        // The files of an upload differ in the ending, and are as old as the youngest of them.
        var old = new DirectoryInfo(files.TemporaryFolder).EnumerateFiles()
            .GroupBy(file => Path.GetFileNameWithoutExtension(file.Name), StringComparer.Ordinal)
            .Where(upload => upload.All(IsOld))
            .Select(upload => upload.ToList()).ToList();
        return old.Where(upload => upload.TrueForAll(file => !IsInUse(file.FullName))).Sum(Delete);
    }

    /// <summary>Removes files in the folders of tasks that their tasks do not name. What belongs to a task that Redis does not know, or whose record cannot be read, is left alone: it may be the wrong Redis.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="IOException">A folder cannot be read, or a file cannot be removed.</exception>
    public async Task<int> DeleteOrphansAsync(CancellationToken cancellationToken)
    {
        var count = 0;
        foreach (var folder in Directory.CreateDirectory(files.Root).EnumerateDirectories())
        {
            cancellationToken.ThrowIfCancellationRequested();

            // Listed before the task is read: what it names after that is not in the list, or is in its state.
            var old = folder.EnumerateFiles().Where(IsOld).ToList();
            if (old.Count > 0 && Guid.TryParseExact(folder.Name, "D", out var id) && await tasks.FindReadableAsync(id) is { } task)
            {
                var named = task.ArtifactKeys().Select(files.PathOf).ToHashSet(StringComparer.Ordinal);
                count += Delete(old.Where(file => !named.Contains(file.FullName)));
            }
        }

        return count;
    }

    private static int Delete(IEnumerable<FileInfo> files)
    {
        var count = 0;
        foreach (var file in files)
        {
            file.Delete();
            count++;
        }

        return count;
    }

    private static bool IsInUse(string path)
    {
        try
        {
            using var file = ContentFile.Open(path, FileMode.Open);
            return false;
        }
        catch (FileNotFoundException)
        {
            return false;
        }
        catch (IOException)
        {
            return true;
        }
    }

    private bool IsOld(FileInfo file) => file.LastWriteTimeUtc < time.GetUtcNow() - options.Value.LeftoverAge;
}
