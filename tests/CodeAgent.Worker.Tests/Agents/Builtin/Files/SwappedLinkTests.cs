using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Files;

/// <summary>A folder that was checked and then replaced by a link, before it was used.</summary>
public sealed class SwappedLinkTests : IAsyncLifetime
{
    private TestWorkspace _workspace = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipUnless(OperatingSystem.IsLinux(), "Only Linux tells which file is open.");
        _workspace = await TestWorkspace.CreateAsync();
        Directory.CreateDirectory(_workspace.At("folder"));
    }

    public ValueTask DisposeAsync()
    {
        _workspace?.Dispose();
        return ValueTask.CompletedTask;
    }

    [Fact]
    public async Task Is_found_out_when_a_file_is_read()
    {
        var path = new WorkspacePaths(_workspace.Root).Resolve("folder/secret.txt");
        Swap();

        var refusal = await Assert.ThrowsAsync<ToolException>(() => WorkspaceFiles.OpenAsync(path, TestContext.Current.CancellationToken));
        Assert.Contains("changed while it was opened", refusal.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task Is_found_out_before_anything_is_written()
    {
        var path = new WorkspacePaths(_workspace.Root).ResolveForWriting("folder/secret.txt");
        Swap();

        await Assert.ThrowsAsync<ToolException>(() => WorkspaceFiles.WriteAsync(path, "bad"u8.ToArray(), TestContext.Current.CancellationToken));

        Assert.Equal("secret", await File.ReadAllTextAsync(Path.Combine(_workspace.Outside, "secret.txt"), TestContext.Current.CancellationToken));
        Assert.Single(Directory.GetFileSystemEntries(_workspace.Outside));
    }

    private void Swap()
    {
        Directory.Delete(_workspace.At("folder"));
        _workspace.Link("folder", _workspace.Outside);
    }
}
