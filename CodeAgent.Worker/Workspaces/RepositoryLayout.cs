using System.Text;

namespace CodeAgent.Worker.Workspaces;

/// <summary>
/// Lays out new repositories as <c>git init</c> does (gitrepository-layout(5)), but by writing their few files: a workspace has two,
/// and a process for each of their settings would take longer than the checkout.
/// </summary>
internal sealed class RepositoryLayout(WorkFolders folders, Git git) : IDisposable
{
    private readonly SemaphoreSlim _turn = new(1);
    private string? _config;

    /// <summary>Makes a repository that borrows its objects.</summary>
    /// <param name="folder">The git folder.</param>
    /// <param name="bare">Whether it has no work tree.</param>
    /// <param name="alternates">The objects folders that it borrows from, a line each.</param>
    /// <param name="settings">More of its configuration: lines as git writes them.</param>
    /// <param name="references">Its references, as <c>ID NAME</c>, sorted by name.</param>
    /// <param name="head">What it has checked out, a commit; a branch that does not exist yet where there is none.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task CreateAsync(string folder, bool bare, string alternates, string settings, string references, string? head, CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(Path.Combine(folder, "objects", "info"));
        Directory.CreateDirectory(Path.Combine(folder, "refs", "heads"));
        await WriteAsync("objects/info/alternates", alternates);
        await WriteAsync("config", await ConfigAsync(bare, cancellationToken) + settings);
        if (references.Length > 0)
        {
            await WriteAsync("packed-refs", $"# pack-refs with: sorted \n{references}\n");
        }

        // Last: without it git takes the folder for no repository.
        await WriteAsync("HEAD", (head ?? "ref: refs/heads/main") + "\n");

        Task WriteAsync(string name, string text) => File.WriteAllTextAsync(Path.Combine(folder, name), text, cancellationToken);
    }

    /// <summary>A setting as git writes it; any text can be its value.</summary>
    public static string Setting(string section, string name, string value) =>
        $"[{section}]\n\t{name} = \"{new StringBuilder(value).Replace("\\", "\\\\").Replace("\"", "\\\"").Replace("\n", "\\n")}\"\n";

    public void Dispose() => _turn.Dispose();

    // What the file system can do is for git to find out, once: one section, [core].
    private async Task<string> ConfigAsync(bool bare, CancellationToken cancellationToken)
    {
        await _turn.WaitAsync(cancellationToken);
        try
        {
            _config ??= await ProbeAsync(cancellationToken);
        }
        finally
        {
            _turn.Release();
        }

        return bare ? _config : _config.Replace("bare = true", "bare = false", StringComparison.Ordinal) + "\tlogallrefupdates = true\n";
    }

    private async Task<string> ProbeAsync(CancellationToken cancellationToken)
    {
        var probe = Path.Combine(folders.Cache, $"probe-{Guid.NewGuid():N}");
        await git.RunAsync(new(probe, "init", "--quiet", "--template=", "--bare"), cancellationToken);
        var config = await File.ReadAllTextAsync(Path.Combine(probe, "config"), cancellationToken);
        await Task.Run(() => Directory.Delete(probe, recursive: true), cancellationToken);
        return config;
    }
}
