namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>Where the files of an upload are. Their names differ in the ending only, so that they grow old together.</summary>
/// <param name="Record">The <see cref="UploadRecord"/> as JSON.</param>
/// <param name="Content">What has come.</param>
internal readonly record struct UploadPaths(string Record, string Content)
{
    public static UploadPaths Of(string folder, Guid id) => new(Path.Combine(folder, $"{id:N}.upload"), Path.Combine(folder, $"{id:N}.part"));
}
