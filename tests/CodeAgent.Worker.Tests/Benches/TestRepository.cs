using System.Text;
using CliWrap;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>A real git repository in a folder, operated by plain git, without anything of the worker.</summary>
internal sealed class TestRepository(string path)
{
    public string Path { get; } = path;

    public string Url => "file://" + Path;

    public static async Task<TestRepository> CreateAsync(string path)
    {
        Directory.CreateDirectory(path);
        var repository = new TestRepository(path);
        await repository.GitAsync("init", "--quiet", "--initial-branch=main");
        return repository;
    }

    public static async Task<TestRepository> CloneAsync(string url, string path)
    {
        var repository = await CreateAsync(path);
        await repository.GitAsync("fetch", "--quiet", url, "+refs/*:refs/fetched/*");
        return repository;
    }

    public async Task<string> CommitAsync(params (string Path, string Content)[] files)
    {
        foreach (var (file, content) in files)
        {
            Directory.CreateDirectory(System.IO.Path.GetDirectoryName(System.IO.Path.Combine(Path, file))!);
            await File.WriteAllTextAsync(System.IO.Path.Combine(Path, file), content, TestContext.Current.CancellationToken);
        }

        await GitAsync("add", "--all");
        await GitAsync("commit", "--quiet", "--allow-empty", "-m", "A commit");
        return await GitAsync("rev-parse", "HEAD");
    }

    public async Task<string> GitAsync(params string[] arguments)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();
        var result = await Cli.Wrap("git").WithArguments(["-c", "user.name=Tester", "-c", "user.email=tester@localhost", .. arguments]).WithWorkingDirectory(Path)
            .WithEnvironmentVariables(new Dictionary<string, string?> { ["GIT_CONFIG_GLOBAL"] = "/dev/null", ["GIT_CONFIG_NOSYSTEM"] = "1" })
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output)).WithStandardErrorPipe(PipeTarget.ToStringBuilder(error))
            .WithValidation(CommandResultValidation.None).ExecuteAsync(TestContext.Current.CancellationToken);
        return result.ExitCode == 0 ? output.ToString().TrimEnd('\n') : throw new InvalidOperationException($"git {string.Join(' ', arguments)}: {error}");
    }
}
