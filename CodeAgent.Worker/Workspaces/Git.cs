using System.Security.Cryptography;
using System.Text;
using System.Text.RegularExpressions;
using CliWrap;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Workspaces.Credentials;

namespace CodeAgent.Worker.Workspaces;

/// <summary>How a run of git ended.</summary>
/// <param name="ExitCode">Its exit code.</param>
/// <param name="Output">What it answered.</param>
/// <param name="Error">What it said besides, as it came.</param>
internal sealed record GitResult(int ExitCode, string Output, string Error);

/// <summary>A run of git.</summary>
/// <param name="Folder">The repository: a git folder.</param>
/// <param name="Arguments">The command and its arguments.</param>
internal sealed record GitCall(string Folder, params string[] Arguments)
{
    /// <summary>The work tree; none for what is done in the repository alone.</summary>
    public string? Tree { get; init; }

    /// <summary>The index in place of the repository's own.</summary>
    public string? Index { get; init; }

    /// <summary>The address it speaks with, if any. On another machine, that may need credentials, or this machine's own configuration (proxies).</summary>
    public string? Remote { get; init; }

    /// <summary>What it is given on standard input.</summary>
    public PipeSource Input { get; init; } = PipeSource.Null;

    /// <summary>Where its answer goes, if not into <see cref="GitResult.Output"/>.</summary>
    public PipeTarget? Output { get; init; }

    /// <summary>More environment.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();
}

/// <summary>
/// Runs git so that it does the same on every machine: without prompts, without hooks, and without the user's configuration,
/// except where it speaks with another machine.
/// </summary>
internal sealed partial class Git(WorkFolders folders, GitCredentials credentials)
{
    private const int Fatal = 128;
    private static readonly TimeSpan LongestRun = TimeSpan.FromMinutes(5);

    // Nothing that is decided here may be decided otherwise by the folder's owner or the machine. A checkout of a hundred files and more
    // is spread: never slower, and half as long again by one process where the file system is what takes the time.
    private const string Config = """
        [safe]
            directory = *
        [core]
            autocrlf = false
            safecrlf = false
            quotePath = false
            fsmonitor = false
        [gc]
            auto = 0
        [maintenance]
            auto = false
        [checkout]
            workers = 4
        [init]
            defaultBranch = main
        [advice]
            addEmbeddedRepo = false

        """;

    private static readonly string[] Ours = ["CODEAGENT_", "OTEL_", "ConnectionStrings__", "services__", "GIT_TRACE", "GIT_CURL_VERBOSE"];

    // Named after what is in it, so that another version of the worker writes another one.
    private readonly string _config = Path.Combine(folders.Root, $"gitconfig-{Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(Config)))[..12]}");

    /// <summary>Runs git; returns its answer without the line break at the end.</summary>
    /// <exception cref="GitException">It did not exit with 0.</exception>
    public async Task<string> RunAsync(GitCall call, CancellationToken cancellationToken)
    {
        var result = await TryAsync(call, cancellationToken);
        return result.ExitCode == 0 ? result.Output.TrimEnd('\n') : throw new GitException(result.Error.Length > 0 ? result.Error : result.Output);
    }

    /// <summary>Runs git, whatever its exit code is. What it says is without the secrets it was given.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<GitResult> TryAsync(GitCall call, CancellationToken cancellationToken)
    {
        await WriteConfigAsync(cancellationToken);
        if (call.Remote is not { } url || IsHere(url))
        {
            try
            {
                return await RunAsync(call, null, cancellationToken);
            }
            catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
            {
                return new(Fatal, "", $"git {call.Arguments[0]} did not come to its end within {LongestRun.TotalMinutes:0} minutes");
            }
        }

        try
        {
            var result = await RunAsync(call, await credentials.AccessAsync(url, cancellationToken), cancellationToken);
            return result.ExitCode != 0 && SignIn().IsMatch(result.Error) && credentials.Refused(url)
                ? await RunAsync(call, await credentials.AccessAsync(url, cancellationToken), cancellationToken)
                : result;
        }
        catch (CredentialException e)
        {
            return new(Fatal, "", e.Message);
        }
    }

    private static bool IsHere(string url) => url.StartsWith("file:", StringComparison.OrdinalIgnoreCase);

    private async Task<GitResult> RunAsync(GitCall call, RemoteAccess? access, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();

        // A pipe in the workspace in place of a file that git reads would hold it for ever. Servers have limits of their own.
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(access is null ? LongestRun : Timeout.InfiniteTimeSpan);
        var result = await Cli.Wrap("git")
            .WithArguments([
                $"--git-dir={call.Folder}", .. call.Tree is null ? [] : new[] { $"--work-tree={call.Tree}" },
                "-c", "core.hooksPath=/dev/null", .. access?.Config.SelectMany(entry => new[] { "-c", entry }) ?? [], .. call.Arguments])
            .WithWorkingDirectory(call.Tree ?? folders.Cache)
            .WithEnvironmentVariables(EnvironmentOf(call, access, await WorkerMark.Here))
            .WithStandardInputPipe(call.Input)
            .WithStandardOutputPipe(call.Output ?? PipeTarget.ToStringBuilder(output))
            .WithStandardErrorPipe(PipeTarget.ToStringBuilder(error))
            .WithValidation(CommandResultValidation.None)
            .ExecuteAsync(limit.Token);
        return access is null ? new(result.ExitCode, output.ToString(), error.ToString())
            : new(result.ExitCode, access.Mask(output.ToString()), access.Mask(error.ToString()));
    }

    private Dictionary<string, string?> EnvironmentOf(GitCall call, RemoteAccess? access, WorkerMark worker)
    {
        // Of the worker's own environment nothing that is ours: credential helpers are programs like others.
        var environment = Environment.GetEnvironmentVariables().Keys.Cast<string>()
            .Where(name => Ours.Any(prefix => name.StartsWith(prefix, StringComparison.Ordinal)) || (name.StartsWith("GIT_", StringComparison.Ordinal) && access is null))
            .ToDictionary(name => name, _ => (string?)null);
        environment[WorkerMark.Variable] = worker.ToString();
        environment["LC_ALL"] = "C.UTF-8";
        environment["GIT_TERMINAL_PROMPT"] = "0";
        environment["GCM_INTERACTIVE"] = "never";
        environment["GIT_ALLOW_PROTOCOL"] = "file:git:http:https:ssh";

        // What is missing in a repository is missing: where to get it would be for its configuration to say.
        environment["GIT_NO_LAZY_FETCH"] = "1";

        // Pointers of Git LFS stay what they are. Without the user's configuration nothing would follow them anyway.
        environment["GIT_LFS_SKIP_SMUDGE"] = "1";
        environment["GIT_DIR"] = environment["GIT_WORK_TREE"] = environment["GIT_INDEX_FILE"] = null;
        if (access is not null)
        {
            environment["GIT_SSH_COMMAND"] = Environment.GetEnvironmentVariable("GIT_SSH_COMMAND") ?? RemoteAccess.Ssh;

            // A server that accepts and then says nothing would hold the repository, and every task on it. Bytes a second, seconds.
            // Not more: while it counts objects or runs hooks, a server sends little more than a sign of life.
            environment["GIT_HTTP_LOW_SPEED_LIMIT"] = "1";
            environment["GIT_HTTP_LOW_SPEED_TIME"] = "300";
        }
        else
        {
            environment["GIT_CONFIG_NOSYSTEM"] = "1";
            environment["GIT_CONFIG_GLOBAL"] = _config;
        }

        if (call.Index is not null)
        {
            environment["GIT_INDEX_FILE"] = call.Index;
        }

        foreach (var (name, value) in call.Environment.Concat(access?.Environment ?? new Dictionary<string, string?>()))
        {
            environment[name] = value;
        }

        return environment;
    }

    // Other workers may be reading it: it appears whole or not at all.
    private async Task WriteConfigAsync(CancellationToken cancellationToken)
    {
        if (!File.Exists(_config))
        {
            Directory.CreateDirectory(folders.Cache);
            var temporary = $"{_config}.{Guid.NewGuid():N}";
            await File.WriteAllTextAsync(temporary, Config, cancellationToken);
            File.Move(temporary, _config, overwrite: true);
        }
    }

    [GeneratedRegex("Authentication failed|could not read (?:Username|Password)|returned error: 40[13]|Invalid username or (?:password|token)", RegexOptions.IgnoreCase)]
    private static partial Regex SignIn();
}
