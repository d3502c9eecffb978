using System.Buffers;
using System.Security.Cryptography;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CodeAgent.Api.Artifacts;

/// <summary>
/// Keeps the content of artifacts in files. A file is written under a temporary name and gets its own when it is whole and
/// on disk, so that a crash leaves a temporary file at most. Which artifacts a task has is written in the task, not here.
/// </summary>
internal sealed class ArtifactStore(IOptions<ArtifactOptions> options, TimeProvider time)
{
    private const int BufferSize = 128 * 1024;
    private const int LongestContentType = 200;
    private const string AnyContentType = "application/octet-stream";

    private readonly string _root = Path.GetFullPath(options.Value.Root);

    private string TemporaryFolder => Path.Combine(_root, "tmp");

    /// <summary>Stores <paramref name="content"/> to its end. What is stored belongs to no task until the task's state names it.</summary>
    /// <param name="task">The task that it is for.</param>
    /// <param name="name">Its name.</param>
    /// <param name="contentType">Its media type; what is none counts as <c>application/octet-stream</c>.</param>
    /// <param name="content">Read once, in pieces.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 where the name is not allowed.</exception>
    /// <exception cref="IOException">The disk is full, or <paramref name="content"/> broke off.</exception>
    public async Task<StoredArtifact> SaveAsync(Guid task, string name, string? contentType, Stream content, CancellationToken cancellationToken)
    {
        ArtifactName.Require(name);
        var id = Guid.CreateVersion7(time.GetUtcNow()).ToString("N");
        var key = $"{task:D}/{id}-{name}";
        var temporary = Path.Combine(TemporaryFolder, id);
        Directory.CreateDirectory(TemporaryFolder);
        try
        {
            var (length, sha256) = await WriteAsync(temporary, content, cancellationToken);
            Directory.CreateDirectory(Path.GetDirectoryName(PathOf(key))!);
            File.Move(temporary, PathOf(key));
            return new(name, MediaType(contentType), length, sha256, time.GetUtcNow(), key);
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>The file of <paramref name="key"/>; it may be gone.</summary>
    public string PathOf(string key) => Path.Combine(_root, key);

    /// <summary>Removes what no task's state names any more. Removing it again is no error; whoever reads it now reads on.</summary>
    /// <exception cref="IOException">The file cannot be removed.</exception>
    public Task DeleteAsync(string key)
    {
        var file = PathOf(key);
        if (File.Exists(file))
        {
            File.Delete(file);
        }

        return Task.CompletedTask;
    }

    /// <summary>Removes temporary files that a crash left.</summary>
    /// <returns>How many there were.</returns>
    /// <exception cref="IOException">One cannot be removed.</exception>
    public int DeleteLeftovers()
    {
        var before = time.GetUtcNow() - options.Value.LeftoverAge;
        var leftovers = Directory.CreateDirectory(TemporaryFolder).EnumerateFiles().Where(file => file.LastWriteTimeUtc < before).ToList();
        leftovers.ForEach(file => file.Delete());
        return leftovers.Count;
    }

    private static async Task<(long Length, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            await using var file = new FileStream(path, new FileStreamOptions
            {
                Mode = FileMode.CreateNew,
                Access = FileAccess.Write,
                Options = FileOptions.Asynchronous,
                BufferSize = 0,
            });
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), cancellationToken);
            }

            // .NET has no asynchronous form of this; it runs on a thread of the pool, as the writes above do.
            RandomAccess.FlushToDisk(file.SafeFileHandle);
            return (file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    private static string MediaType(string? contentType) =>
        contentType?.Length <= LongestContentType && MediaTypeHeaderValue.TryParse(contentType, out var type) ? type.ToString() : AnyContentType;
}
