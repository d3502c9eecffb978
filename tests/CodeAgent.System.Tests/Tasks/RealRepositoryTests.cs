using CodeAgent.SystemTests.Running;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

/// <summary>A task on this very repository: edited by the built-in agent, checked by the repository's own tests, delivered.</summary>
[Collection(nameof(SharedSystem))]
public sealed class RealRepositoryTests(SystemFixture fixture) : IDisposable
{
    private readonly string _folder = Directory.CreateTempSubdirectory("codeagent-repository-").FullName;

    public void Dispose() => Directory.Delete(_folder, recursive: true);

    [Fact]
    public async Task The_branch_and_the_patch_of_an_edited_and_tested_repository_are_the_same_byte_for_byte()
    {
        var api = fixture.System.Api;
        var origin = await GitRepository.BareCopyAsync(Repository.Root, Path.Combine(_folder, "origin.git"));
        var baseCommit = await origin.RunAsync("rev-parse", "HEAD");
        var request = Simulated.Task(
            Simulated.Call("search", new { pattern = "class ContractsTests", path = "tests" }),
            Simulated.Call("read", new { path = "CodeAgent.Api/Contracts/TaskRequest.cs" }),
            Simulated.Call("edit", new
            {
                path = "CodeAgent.Api/Contracts/TaskRequest.cs",
                old = "public int Minutes { get; set; } = 30;",
                @new = "public int Minutes { get; set; } = 45;",
            }),
            Simulated.Call("edit", new
            {
                path = "tests/CodeAgent.Api.Tests/Contracts/ContractsTests.cs",
                old = "Minutes = 30",
                @new = "Minutes = 45",
            }),
            Simulated.Call("write", new { path = "docs/new file — ümlaut.md", content = "A new file\nwithout an end of line" }),
            Simulated.Call("run", new
            {
                command = """
                    set -e
                    git mv .editorconfig moved.editorconfig && git mv moved.editorconfig .editorconfig
                    mkdir -p eng/tools
                    mv .gitattributes eng/tools/renamed.gitattributes
                    rm README.md
                    printf '\000\001\377binary\r\n' > eng/tools/blob.bin
                    printf '#!/bin/sh\necho hello\n' > eng/tools/hello.sh
                    chmod +x eng/tools/hello.sh
                    ln -s hello.sh eng/tools/link
                    printf 'one\r\ntwo\r\n' > eng/tools/crlf.txt
                    """,
            }),
            Simulated.Call("finish", new { summary = "Raise the default time limit\n\nFrom 30 to 45 minutes." })) with
        {
            Repository = new() { Url = origin.Url },
            Checks = ["dotnet run --project tests/CodeAgent.Api.Tests -- --filter-class CodeAgent.Api.Tests.Contracts.ContractsTests", "sh eng/tools/hello.sh"],
            Delivery = new() { Branch = "agent/{id}", Push = true },
            Limits = new() { Minutes = 10 },
        };

        var (id, _) = await api.SubmitAsync(request);
        var task = await api.FinalAsync(id, TimeSpan.FromMinutes(4));

        Assert.True(task.Status == TaskStatus.Succeeded, $"{task.Failure}\n{string.Join('\n', task.Checks.Select(c => c.Output))}");
        Assert.Equal(2, task.Checks.Count);
        Assert.All(task.Checks, check => Assert.Equal(0, check.ExitCode));
        Assert.Equal("hello\n", task.Checks[1].Output);
        Assert.Equal((baseCommit, $"agent/{id}", true), (task.Delivery!.BaseCommit, task.Delivery.Branch, task.Delivery.Pushed));
        Assert.Equal(task.Delivery.Commit, await origin.RunAsync("rev-parse", $"agent/{id}"));
        Assert.Equal(baseCommit, await origin.RunAsync("rev-parse", $"agent/{id}^"));
        Assert.StartsWith("Raise the default time limit\n\nFrom 30 to 45 minutes.", await origin.RunAsync("log", "-1", "--format=%B", $"agent/{id}"), StringComparison.Ordinal);

        var changes = await origin.RunAsync("-c", "core.quotePath=false", "diff", "--name-status", "--find-renames", baseCommit, $"agent/{id}");
        Assert.Equal(
            """
            M	CodeAgent.Api/Contracts/TaskRequest.cs
            D	README.md
            A	docs/new file — ümlaut.md
            A	eng/tools/blob.bin
            A	eng/tools/crlf.txt
            A	eng/tools/hello.sh
            A	eng/tools/link
            R100	.gitattributes	eng/tools/renamed.gitattributes
            M	tests/CodeAgent.Api.Tests/Contracts/ContractsTests.cs
            """, changes);
        Assert.StartsWith("100755", await origin.RunAsync("ls-tree", $"agent/{id}", "eng/tools/hello.sh"), StringComparison.Ordinal);

        // The patch on the base gives the branch's tree.
        var clone = await GitRepository.CloneAsync(origin.Url, Path.Combine(_folder, "clone"));
        var patch = Path.Combine(_folder, "task.patch");
        await File.WriteAllBytesAsync(patch, await api.ArtifactAsync(id, "patch"), TestContext.Current.CancellationToken);
        await clone.RunAsync("checkout", "--quiet", "--detach", baseCommit);
        await clone.RunAsync("apply", "--index", patch);
        Assert.Equal(await origin.RunAsync("rev-parse", $"agent/{id}^{{tree}}"), await clone.RunAsync("write-tree"));
    }
}
