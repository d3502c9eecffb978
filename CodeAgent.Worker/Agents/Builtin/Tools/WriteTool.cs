using System.ComponentModel;
using System.Globalization;
using System.Text;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Files;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Writes a whole file.</summary>
internal sealed class WriteTool(WorkspacePaths paths, IAgentSession session)
{
    [Description("Writes a whole text file, in UTF-8, in place of what was there. Makes the folders on the way.")]
    public async Task<string> WriteAsync(
        [Description("The file.")] string path,
        [Description("All of its new content.")] string content,
        CancellationToken cancellationToken = default)
    {
        var file = paths.ResolveForWriting(path);
        var existed = File.Exists(file.Full);
        var bytes = Encoding.UTF8.GetBytes(content);
        await WorkspaceFiles.WriteAsync(file, bytes, cancellationToken);
        await session.ReportAsync(EventTypes.FileChanged, new FileChange(file.Relative, existed ? FileChange.Modified : FileChange.Added), cancellationToken);
        return string.Create(CultureInfo.InvariantCulture, $"{file.Shown}: {bytes.Length:N0} bytes written ({(existed ? "it was there before" : "a new file")}).");
    }
}
