using System.Text;
using CliWrap;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Builtin.Files;

/// <summary>
/// Git in the workspace. The repository's configuration was written by who knows whom and could name programs to run, so that
/// git gets none of it where it does not need it, and none of the worker's secrets in any case.
/// </summary>
internal sealed class GitCommand(string workspace)
{
    private static readonly string[] NotForGit = ["CODEAGENT_", "OTEL_", "ConnectionStrings__", "services__", "GIT_"];

    /// <summary>The files under a folder that git knows or would take: neither ignored nor git's own. Relative to the workspace, in order.</summary>
    /// <exception cref="ToolException">Git says why not.</exception>
    public async Task<IReadOnlyList<string>> FilesAsync(WorkspacePath folder, CancellationToken cancellationToken)
    {
        // Listing runs two programs of the configuration's: a file system monitor, and, where a .gitignore is missing in a partial clone,
        // what is to fetch it. Both are switched off.
        string[] arguments = ["ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", $":(literal){folder.Shown}"];
        var answer = await RunAsync(arguments, "", repository: null, cancellationToken);
        return answer.Succeeded
            ? [.. answer.Output.Split('\0', StringSplitOptions.RemoveEmptyEntries).Distinct().Order(StringComparer.Ordinal)]
            : throw new ToolException($"The files cannot be listed: {answer.Errors}");
    }

    /// <summary>Runs <c>git apply</c> on the files alone, as if they were in no repository: then no filter is run on them.</summary>
    /// <param name="options">More of its options.</param>
    /// <param name="patch">The diff.</param>
    /// <param name="cancellationToken">Ends it.</param>
    public Task<GitAnswer> ApplyAsync(IReadOnlyList<string> options, string patch, CancellationToken cancellationToken) =>
        RunAsync(["apply", "--whitespace=nowarn", .. options], patch, repository: "/dev/null", cancellationToken);

    private async Task<GitAnswer> RunAsync(IReadOnlyList<string> arguments, string input, string? repository, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var errors = new StringBuilder();
        var result = await CliWrap.Cli.Wrap("git")
            .WithArguments(["-c", "core.fsmonitor=false", "-c", "core.excludesFile=/dev/null", "-c", "core.quotePath=false", "-c", "safe.directory=*", .. arguments])
            .WithWorkingDirectory(workspace)
            .WithEnvironmentVariables(environment =>
            {
                foreach (var name in Environment.GetEnvironmentVariables().Keys.Cast<string>())
                {
                    if (NotForGit.Any(prefix => name.StartsWith(prefix, StringComparison.OrdinalIgnoreCase)))
                    {
                        environment.Set(name, null);
                    }
                }

                environment.Set("GIT_DIR", repository);
                environment.Set("GIT_CEILING_DIRECTORIES", Path.GetDirectoryName(workspace));
                environment.Set("GIT_CONFIG_NOSYSTEM", "1");
                environment.Set("GIT_CONFIG_GLOBAL", "/dev/null");
                environment.Set("GIT_OPTIONAL_LOCKS", "0");
                environment.Set("GIT_NO_LAZY_FETCH", "1");
                environment.Set("GIT_ALLOW_PROTOCOL", "none");
                environment.Set("LC_ALL", "C.UTF-8");
            })
            .WithStandardInputPipe(PipeSource.FromString(input, new UTF8Encoding(false)))
            .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output, Encoding.UTF8))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(errors, Encoding.UTF8))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(cancellationToken);
        return new(result.ExitCode == 0, output.ToString(), errors.ToString().Trim());
    }
}

/// <summary>How git ended.</summary>
/// <param name="Succeeded">Whether it did.</param>
/// <param name="Output">What it answered.</param>
/// <param name="Errors">What it complained about.</param>
internal sealed record GitAnswer(bool Succeeded, string Output, string Errors);
