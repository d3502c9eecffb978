using CliWrap;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>A git repository in a folder of its own, with another folder beside it that nobody may reach.</summary>
internal sealed class TestWorkspace : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("codeagent-builtin-");

    public string Root => Path.Combine(_folder.FullName, "workspace");

    public string Outside => Path.Combine(_folder.FullName, "outside");

    public static async Task<TestWorkspace> CreateAsync()
    {
        var workspace = new TestWorkspace();
        Directory.CreateDirectory(workspace.Root);
        Directory.CreateDirectory(workspace.Outside);
        await File.WriteAllTextAsync(Path.Combine(workspace.Outside, "secret.txt"), "secret");
        await Cli.Wrap("git").WithArguments(["init", "--quiet"]).WithWorkingDirectory(workspace.Root).ExecuteAsync();
        return workspace;
    }

    public string At(string path) => Path.Combine(Root, path);

    public async Task WriteAsync(string path, string content)
    {
        Directory.CreateDirectory(Path.GetDirectoryName(At(path))!);
        await File.WriteAllTextAsync(At(path), content);
    }

    public Task<string> ReadAsync(string path) => File.ReadAllTextAsync(At(path));

    public void Link(string path, string target) => File.CreateSymbolicLink(At(path), target);

    public void Dispose() => _folder.Delete(recursive: true);
}
