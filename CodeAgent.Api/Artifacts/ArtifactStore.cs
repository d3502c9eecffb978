using System.Security.Cryptography;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Options;
using Microsoft.Net.Http.Headers;

namespace CodeAgent.Api.Artifacts;

/// <summary>
/// Keeps the content of artifacts in files. A file is written under a temporary name and gets its own when it is whole and
/// on disk, so that a crash leaves a temporary file at most. Which artifacts a task has is written in the task, not here.
/// </summary>
internal sealed class ArtifactStore(IOptions<ArtifactOptions> options, TimeProvider time)
{
    private const int LongestContentType = 200;
    private const string AnyContentType = "application/octet-stream";

    /// <summary>The store's folder.</summary>
    public string Root { get; } = Path.GetFullPath(options.Value.Root);

    /// <summary>What is being received is here; made where it is missing.</summary>
    public string TemporaryFolder => Directory.CreateDirectory(Path.Combine(Root, "tmp")).FullName;

    /// <summary>Stores <paramref name="content"/> to its end. What is stored belongs to no task until the task's state names it.</summary>
    /// <param name="task">The task that it is for.</param>
    /// <param name="name">Its name.</param>
    /// <param name="contentType">Its media type; what is none counts as <c>application/octet-stream</c>.</param>
    /// <param name="content">Read once, in pieces.</param>
    /// <param name="cancellationToken">Gives up; nothing is left behind.</param>
    /// <exception cref="ProblemException">400 where the name is not allowed, 413 where it is too long.</exception>
    /// <exception cref="IOException">The disk is full, or <paramref name="content"/> broke off.</exception>
    public async Task<StoredArtifact> SaveAsync(Guid task, string name, string? contentType, Stream content, CancellationToken cancellationToken)
    {
        ArtifactName.Require(name);
        var temporary = Path.Combine(TemporaryFolder, NewId());
        try
        {
            return Adopt(task, name, contentType, temporary, await WriteAsync(temporary, content, cancellationToken));
        }
        catch
        {
            File.Delete(temporary);
            throw;
        }
    }

    /// <summary>Makes a temporary file that is whole and on disk the content of an artifact, which belongs to no task until the task's state names it.</summary>
    /// <exception cref="IOException">It cannot be moved.</exception>
    public StoredArtifact Adopt(Guid task, string name, string? contentType, string temporary, (long Length, string Sha256) content)
    {
        var key = $"{task:D}/{NewId()}-{name}";
        Directory.CreateDirectory(Path.GetDirectoryName(PathOf(key))!);

        // So that it does not look left over before its task names it.
        File.SetLastWriteTimeUtc(temporary, time.GetUtcNow().UtcDateTime);
        File.Move(temporary, PathOf(key));
        return new(name, MediaType(contentType), content.Length, content.Sha256, time.GetUtcNow(), key);
    }

    /// <summary>The file of <paramref name="key"/>; it may be gone.</summary>
    public string PathOf(string key) => Path.Combine(Root, key);

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

    /// <summary>The refusal of what is longer than an artifact may be.</summary>
    public ProblemException TooLong() => new("content-too-large", StatusCodes.Status413PayloadTooLarge,
        $"An artifact has at most {options.Value.Longest:N0} bytes (Artifacts:Longest).");

    private string NewId() => Guid.CreateVersion7(time.GetUtcNow()).ToString("N");

    private async Task<(long Length, string Sha256)> WriteAsync(string path, Stream content, CancellationToken cancellationToken)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        await using var file = ContentFile.Open(path, FileMode.CreateNew);
        await ContentFile.AppendAsync(file, content, hash, options.Value.Longest, TooLong, cancellationToken);
        ContentFile.Flush(file);
        return (file.Length, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }

    private static string MediaType(string? contentType) =>
        contentType?.Length <= LongestContentType && MediaTypeHeaderValue.TryParse(contentType, out var type) ? type.ToString() : AnyContentType;
}
