using System.Text;
using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Credentials;

/// <summary>What a run of git needs to sign in to a host.</summary>
internal sealed record RemoteAccess
{
    /// <summary>How ssh is started where nothing else is said: it never asks, and it notices that the other side is gone.</summary>
    public const string Ssh = "ssh -o BatchMode=yes -o ConnectTimeout=30 -o ServerAliveInterval=20 -o ServerAliveCountMax=3";

    private const string Username = "CODEAGENT_GIT_USERNAME";
    private const string Password = "CODEAGENT_GIT_PASSWORD";

    // A function of git's shell, so that the token is in no command line: printf is part of the shell.
    private const string Helper = $$"""!f() { test "$1" = get && printf 'username=%s\npassword=%s\n' "${{Username}}" "${{Password}}"; }; f""";

    /// <summary>Nothing of ours: the machine's own configuration of git decides.</summary>
    public static RemoteAccess Own { get; } = new();

    /// <summary>Configuration, as <c>name=value</c>. There is no secret in it.</summary>
    public IReadOnlyList<string> Config { get; init; } = [];

    /// <summary>Environment, secrets included.</summary>
    public IReadOnlyDictionary<string, string?> Environment { get; init; } = new Dictionary<string, string?>();

    /// <summary>What must not be told, whoever says it.</summary>
    public IReadOnlyList<string> Secrets { get; init; } = [];

    /// <summary>With a token, given to this host alone; the machine's own helpers are not asked, nor told.</summary>
    public static RemoteAccess WithToken(RemoteUrl url, string username, string token) => new()
    {
        Config = ["credential.helper=", $"credential.{url.Origin}.helper={Helper}"],
        Environment = new Dictionary<string, string?> { [Username] = username, [Password] = token },
        Secrets = [token, Convert.ToBase64String(Encoding.UTF8.GetBytes($"{username}:{token}"))],
    };

    /// <summary>With a private key, and no other.</summary>
    public static RemoteAccess WithKey(CredentialOptions options)
    {
        string?[] command =
        [
            Ssh, "-o IdentitiesOnly=yes -o IdentityAgent=none -i", Quoted(options.SshKey!),
            "-o", options.StrictHostKeys ? "StrictHostKeyChecking=yes" : "StrictHostKeyChecking=accept-new",
            string.IsNullOrEmpty(options.KnownHosts) ? null : $"-o GlobalKnownHostsFile=/dev/null -o UserKnownHostsFile={Quoted($"\"{options.KnownHosts}\"")}",
        ];
        return new() { Environment = new Dictionary<string, string?> { ["GIT_SSH_COMMAND"] = string.Join(' ', command.OfType<string>()) } };
    }

    /// <summary>The text without the secrets.</summary>
    public string Mask(string text) => Secrets.Aggregate(text, (masked, secret) => masked.Replace(secret, "***", StringComparison.Ordinal));

    // The command goes through a shell.
    private static string Quoted(string text) => $"'{text.Replace("'", "'\\''", StringComparison.Ordinal)}'";
}
