using System.Diagnostics.CodeAnalysis;
using System.Security.Cryptography;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>An upload, open for one request. Nobody else has it meanwhile, in no instance.</summary>
/// <param name="record">What it will be.</param>
/// <param name="paths">Where its files are.</param>
/// <param name="file">Its content so far.</param>
/// <param name="files">Where the artifact goes.</param>
/// <param name="closed">Told when it is closed.</param>
[SuppressMessage("Design", "CA2213", Justification = "Somebody else may be about to cancel it, and without a timer it holds nothing.")]
internal sealed class Upload(UploadRecord record, UploadPaths paths, FileStream file, ArtifactStore files, Action<Upload> closed) : IAsyncDisposable
{
    private readonly CancellationTokenSource _superseded = new();

    // What began with this request can be hashed as it comes.
    private readonly IncrementalHash? _hash = file.Length == 0 ? IncrementalHash.CreateHash(HashAlgorithmName.SHA256) : null;

    /// <summary>What it will be.</summary>
    public UploadRecord Record { get; } = record;

    /// <summary>Bytes that are there.</summary>
    public long Offset => file.Length;

    /// <summary>Canceled when a later request for it came: the one that has it now is of a connection that its client has given up.</summary>
    public CancellationToken Superseded => _superseded.Token;

    /// <summary>Tells who has it to let go.</summary>
    public Task SupersedeAsync() => _superseded.CancelAsync();

    /// <summary>Takes what comes. What came is kept where it breaks off.</summary>
    /// <exception cref="ProblemException">400: more came than was said before; 507: the disk is full. The upload is gone then. 409: there is a later request for it.</exception>
    public async Task AppendAsync(Stream content, CancellationToken cancellationToken)
    {
        using var either = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken, Superseded);
        try
        {
            await ContentFile.AppendAsync(file, content, _hash, Record.Length, UploadProblems.OtherLength, either.Token);
        }
        catch (Exception e) when (e.MeansDiskIsFull() || e is ProblemException)
        {
            Remove();
            throw;
        }
        catch (OperationCanceledException) when (Superseded.IsCancellationRequested)
        {
            throw UploadProblems.Superseded();
        }
        finally
        {
            // What was said to be there must be there after the machine's end as well.
            ContentFile.Flush(file);
        }
    }

    /// <summary>Makes an artifact of it, whose content belongs to no task yet.</summary>
    public async Task<StoredArtifact> FinishAsync(CancellationToken cancellationToken)
    {
        var sha256 = _hash is null ? await ContentFile.HashAsync(file, cancellationToken) : Convert.ToHexStringLower(_hash.GetHashAndReset());
        var artifact = files.Adopt(Record.Task, Record.Name, Record.ContentType, paths.Content, (Offset, sha256));
        Remove();
        return artifact;
    }

    /// <summary>Removes what there is of it.</summary>
    public void Remove()
    {
        File.Delete(paths.Content);
        File.Delete(paths.Record);
    }

    public async ValueTask DisposeAsync()
    {
        await file.DisposeAsync();
        closed(this);
        _hash?.Dispose();
    }
}
