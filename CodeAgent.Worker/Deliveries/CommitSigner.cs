using System.Text;
using CliWrap;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Deliveries;

/// <summary>What git needs to sign. A key of GnuPG is imported into a home of its own, which goes afterwards with the agent that gpg starts in it; with the lease's folder, at the latest.</summary>
internal sealed class CommitSigner : IAsyncDisposable
{
    private readonly string? _home;
    private readonly TimeProvider _time;

    private CommitSigner(TimeProvider time, string? home = null) => (_time, _home) = (time, home);

    /// <summary>Configuration, before the command.</summary>
    public IReadOnlyList<string> Config { get; private init; } = [];

    /// <summary>The command's options.</summary>
    public IReadOnlyList<string> Options { get; private init; } = [];

    /// <summary>Environment.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; private init; } = new Dictionary<string, string?>();

    /// <summary>Makes it ready.</summary>
    /// <exception cref="GitException">gpg does not take the key.</exception>
    public static async Task<CommitSigner> CreateAsync(SigningOptions? signing, TaskFolder folder, TimeProvider time, CancellationToken cancellationToken) => signing switch
    {
        null => new(time),
        { Format: SigningFormat.Ssh } => new(time) { Config = ["-c", "gpg.format=ssh", "-c", $"user.signingKey={signing.Key}"], Options = ["-S"] },
        _ => await ImportAsync(signing, folder, time, cancellationToken),
    };

    /// <summary>Removes the home.</summary>
    public async ValueTask DisposeAsync()
    {
        if (_home is not null)
        {
            await RunAsync("gpgconf", ["--homedir", _home, "--kill", "all"], CancellationToken.None);
            await FolderRemoval.RemoveAsync(_home, _time);
        }
    }

    private static async Task<CommitSigner> ImportAsync(SigningOptions signing, TaskFolder folder, TimeProvider time, CancellationToken cancellationToken)
    {
        var home = folder.Signing;
        folder.CreateForSigning();
        var signer = new CommitSigner(time, home)
        {
            Options = ["-S"],
            Environment = new Dictionary<string, string?> { ["GNUPGHOME"] = home },
        };
        var imported = await RunAsync("gpg", ["--homedir", home, "--batch", "--quiet", "--import", "--", signing.Key], cancellationToken);
        var keys = await RunAsync("gpg", ["--homedir", home, "--batch", "--with-colons", "--list-secret-keys"], cancellationToken);
        var fingerprint = keys.Output.Split('\n').FirstOrDefault(line => line.StartsWith("fpr:", StringComparison.Ordinal))?.Split(':')[9];
        if (fingerprint is null)
        {
            await signer.DisposeAsync();
            throw new GitException($"The key for signing could not be read by gpg: {imported.Error}");
        }

        return new(time, home) { Options = [$"-S{fingerprint}"], Environment = signer.Environment };
    }

    private static async Task<GitResult> RunAsync(string program, string[] arguments, CancellationToken cancellationToken)
    {
        var output = new StringBuilder();
        var error = new StringBuilder();
        try
        {
            var result = await Cli.Wrap(program).WithArguments(arguments)
                .WithStandardOutputPipe(PipeTarget.ToStringBuilder(output)).WithStandardErrorPipe(PipeTarget.ToStringBuilder(error))
                .WithValidation(CommandResultValidation.None).ExecuteAsync(cancellationToken);
            return new(result.ExitCode, output.ToString(), error.ToString());
        }
        catch (System.ComponentModel.Win32Exception e)
        {
            return new(127, "", $"{program} could not be started: {e.Message}");
        }
    }
}
