using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class SpreadFolderTests : IDisposable
{
    private readonly TestFolder _folder = new();

    [Fact]
    public async Task On_ext4_each_workspace_is_made_in_an_area_of_its_own()
    {
        var format = OperatingSystem.IsLinux() ? new DriveInfo(_folder.Path).DriveFormat : "none";
        Assert.SkipUnless(format.StartsWith("ext", StringComparison.Ordinal), $"The file system is {format}, not ext4.");
        var folders = new WorkFolders(_folder.Path);

        await new SpreadFolder(folders, NullLogger<SpreadFolder>.Instance).StartAsync(TestContext.Current.CancellationToken);

        await Bash.RunAsync(_folder.Path, $"lsattr -d '{folders.Tasks}' > said");
        Assert.Matches("^[^ ]*T[^ ]* ", await File.ReadAllTextAsync(_folder["said"], TestContext.Current.CancellationToken));
    }

    public void Dispose() => _folder.Dispose();
}
