using System.Text;
using CliWrap;
using CliWrap.Buffered;

namespace CodeAgent.SystemTests.Running;

/// <summary>A git repository on disk, apart from the machine's own git configuration.</summary>
internal sealed class GitRepository(string folder)
{
    public string Folder { get; } = folder;

    public string Url => new Uri(Folder).AbsoluteUri;

    /// <summary>A bare copy of another, which accepts pushes.</summary>
    public static async Task<GitRepository> BareCopyAsync(string of, string folder)
    {
        await new GitRepository(Path.GetTempPath()).RunAsync("clone", "--quiet", "--bare", of, folder);
        return new(folder);
    }

    public static async Task<GitRepository> CloneAsync(string of, string folder)
    {
        await new GitRepository(Path.GetTempPath()).RunAsync("clone", "--quiet", of, folder);
        return new(folder);
    }

    public async Task<string> RunAsync(params string[] arguments)
    {
        var result = await Cli.Wrap("git")
            .WithArguments(["-c", "safe.directory=*", "-c", "core.autocrlf=false", "-c", "user.name=Test", "-c", "user.email=test@localhost", .. arguments])
            .WithWorkingDirectory(Folder)
            .WithEnvironmentVariables(e => e.Set("GIT_CONFIG_GLOBAL", "/dev/null").Set("GIT_CONFIG_NOSYSTEM", "1"))
            .WithValidation(CommandResultValidation.None)
            .ExecuteBufferedAsync(Encoding.UTF8, TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, $"git {string.Join(' ', arguments)}: {result.StandardError}");
        return result.StandardOutput.TrimEnd('\n');
    }
}
