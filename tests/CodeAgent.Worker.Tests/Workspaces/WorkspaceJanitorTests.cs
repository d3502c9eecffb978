using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Workspaces;

public sealed class WorkspaceJanitorTests : IDisposable
{
    private readonly WorkspaceBench _bench = new();

    [Fact]
    public async Task Only_folders_that_nobody_holds_are_removed()
    {
        await using var held = await HeldFolder.AcquireAsync(_bench.Folders.FolderOf(Guid.NewGuid(), 1), TimeProvider.System, TestContext.Current.CancellationToken);
        var left = _bench.Folders.FolderOf(Guid.NewGuid(), 1);
        left.CreateForCommands();
        Directory.CreateDirectory(Path.Combine(left.Tree, "deep"));
        await Bash.RunAsync(left.Tree, "touch deep/file; chmod 400 deep");
        File.CreateSymbolicLink(Path.Combine(left.Root, "out"), _bench["work"]);

        await new WorkspaceJanitor(_bench.Folders, TimeProvider.System, NullLogger<WorkspaceJanitor>.Instance).SweepAsync();

        Assert.False(Directory.Exists(left.Root));
        Assert.False(Directory.Exists(left.Temp));
        Assert.False(File.Exists(left.Lock));
        Assert.True(Directory.Exists(held.Folder.Root));
        Assert.True(Directory.Exists(held.Folder.Temp));
    }

    [Fact]
    public async Task A_held_folder_removes_itself()
    {
        var folder = _bench.Folders.FolderOf(Guid.NewGuid(), 1);
        await using (await HeldFolder.AcquireAsync(folder, TimeProvider.System, TestContext.Current.CancellationToken))
        {
            Assert.Null(HeldFolder.TryAcquire(folder, TimeProvider.System));
        }

        Assert.Empty(Directory.GetFileSystemEntries(_bench.Folders.Tasks));
        Assert.False(Directory.Exists(folder.Temp));
    }

    public void Dispose() => _bench.Dispose();
}
