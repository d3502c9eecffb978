using System.Collections.Concurrent;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>Uploads that come in parts, in the store's temporary folder, which all instances share: each can go on with what another has begun.</summary>
internal sealed class UploadStore(ArtifactStore files, IOptions<ArtifactOptions> options, TimeProvider time)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(25);
    private readonly ConcurrentDictionary<string, Upload> _open = [];

    /// <summary>What <c>Upload-Limit</c> says: bytes of an artifact, and seconds until one that nobody goes on with is removed.</summary>
    public string Limit => FormattableString.Invariant($"max-size={options.Value.Longest}, max-age={(long)options.Value.LeftoverAge.TotalSeconds}");

    /// <summary>Begins one.</summary>
    /// <exception cref="ProblemException">400 where the name is not allowed, 413 where it is too long, 507 where there is no room for it.</exception>
    public async Task<Guid> CreateAsync(UploadRecord record, CancellationToken cancellationToken)
    {
        ArtifactName.Require(record.Name);
        if (record.Length > options.Value.Longest)
        {
            throw files.TooLong();
        }

        // Better now than after it was sent.
        if (record.Length > new DriveInfo(files.TemporaryFolder).AvailableFreeSpace)
        {
            throw DiskErrors.Full();
        }

        var id = Guid.CreateVersion7(time.GetUtcNow());
        var paths = UploadPaths.Of(files.TemporaryFolder, id);
        await ContentFile.Open(paths.Content, FileMode.CreateNew).DisposeAsync();
        await File.WriteAllBytesAsync(paths.Record, JsonSerializer.SerializeToUtf8Bytes(record, UploadsJson.Default.UploadRecord), cancellationToken);
        return id;
    }

    /// <summary>Opens one. A request that has it already is ended: its client would not ask again otherwise.</summary>
    /// <returns>Null where there is none of this lease.</returns>
    /// <exception cref="ProblemException">503: another instance has it, and does not let go.</exception>
    public async Task<Upload?> OpenAsync(Guid id, Guid task, long fence, CancellationToken cancellationToken)
    {
        var paths = UploadPaths.Of(files.TemporaryFolder, id);
        if (await ReadAsync(paths.Record, cancellationToken) is not { } record || record.Task != task || record.Fence != fence)
        {
            return null;
        }

        for (var start = time.GetTimestamp(); ; await Task.Delay(Interval, time, cancellationToken))
        {
            if (_open.TryGetValue(paths.Content, out var other))
            {
                await other.SupersedeAsync();
            }

            try
            {
                var file = ContentFile.Open(paths.Content, FileMode.Open);
                return _open[paths.Content] = new(record, paths, file, files, Forget);
            }
            catch (FileNotFoundException)
            {
                return null;
            }
            catch (IOException) when (time.GetElapsedTime(start) < Patience)
            {
                // Whoever has it is about to let go.
            }
            catch (IOException)
            {
                throw UploadProblems.Busy();
            }
        }

        void Forget(Upload upload) => _open.TryRemove(new(paths.Content, upload));
    }

    private static async Task<UploadRecord?> ReadAsync(string path, CancellationToken cancellationToken)
    {
        try
        {
            return JsonSerializer.Deserialize(await File.ReadAllBytesAsync(path, cancellationToken), UploadsJson.Default.UploadRecord);
        }
        catch (Exception e) when (e is FileNotFoundException or JsonException)
        {
            // A crash may have left half of it; then nobody was told of the upload.
            return null;
        }
    }
}
