using CodeAgent.Contracts;

namespace CodeAgent.Api.Artifacts;

/// <summary>An artifact as a task's state keeps it.</summary>
/// <param name="Name">As in its address; one that <see cref="ArtifactName"/> lets through.</param>
/// <param name="ContentType">Its media type.</param>
/// <param name="Length">Its length in bytes.</param>
/// <param name="Sha256">SHA-256 in lower-case hexadecimal.</param>
/// <param name="CreatedAt">When it was stored.</param>
/// <param name="Key">Where the <see cref="ArtifactStore"/> has it. Never used twice, so content under a key never changes.</param>
internal sealed record StoredArtifact(string Name, string ContentType, long Length, string Sha256, DateTimeOffset CreatedAt, string Key)
{
    /// <summary>Whether it is between the workers only: a checkpoint is no result of the task.</summary>
    public bool IsInternal => ArtifactName.IsInternal(Name);

    public ArtifactView ToView() => new()
    {
        Name = Name,
        ContentType = ContentType,
        Length = Length,
        Sha256 = Sha256,
        CreatedAt = CreatedAt,
    };
}
