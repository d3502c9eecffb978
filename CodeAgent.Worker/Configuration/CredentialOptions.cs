using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Configuration;

/// <summary>How the worker signs in to a git host: an entry of <c>credentials</c>. The one with the longest path that fits a repository counts.</summary>
internal sealed class CredentialOptions
{
    /// <summary>The host, with its port unless that is the scheme's own: <c>github.com</c>, <c>git.example.org:8443</c>.</summary>
    public string Host { get; set; } = "";

    /// <summary>Only for repositories whose path begins with this, such as <c>my-org</c> or <c>my-org/app</c>. All of the host by default.</summary>
    public string Path { get; set; } = "";

    /// <summary>Whether the token may be sent over plain <c>http</c>. False by default.</summary>
    public bool AllowHttp { get; set; }

    /// <summary>The name that goes with the token. <c>x-access-token</c> by default, which GitHub and GitLab take.</summary>
    public string Username { get; set; } = "x-access-token";

    /// <summary>The token for https, a reference to the environment.</summary>
    public ConfigSecret Token { get; set; } = ConfigSecret.None;

    /// <summary>In place of <see cref="Token"/>, the absolute path of a file that holds it, read at each use: for tokens that somebody else renews.</summary>
    public string? TokenFile { get; set; }

    /// <summary>In place of <see cref="Token"/>, the installation of a GitHub App, from which tokens of an hour are had.</summary>
    public GitHubAppOptions? GitHubApp { get; set; }

    /// <summary>Whether there is a token of any kind.</summary>
    internal bool HasToken => Token.HasValue || !string.IsNullOrEmpty(TokenFile) || GitHubApp is not null;

    /// <summary>The private key for ssh, an absolute path of a file without a passphrase.</summary>
    public string? SshKey { get; set; }

    /// <summary>The hosts' public keys, an absolute path of a file as ssh writes it. The user's own by default.</summary>
    public string? KnownHosts { get; set; }

    /// <summary>Whether a host that is not in <see cref="KnownHosts"/> is refused. True by default; with false, its key is taken when it is first seen.</summary>
    public bool StrictHostKeys { get; set; } = true;
}

/// <summary>The installation of a GitHub App.</summary>
internal sealed class GitHubAppOptions
{
    /// <summary>The app's id or client id.</summary>
    public string AppId { get; set; } = "";

    /// <summary>The installation's id.</summary>
    public long InstallationId { get; set; }

    /// <summary>The app's private key, an absolute path of a PEM file.</summary>
    public string PrivateKey { get; set; } = "";
}

/// <summary>The API of a git host: an entry of <c>gitHosts</c>.</summary>
internal sealed class GitHostOptions
{
    private static readonly GitHostOptions[] Known =
    [
        new() { Host = "github.com", Api = GitHostApi.GitHub, BaseUrl = "https://api.github.com" },
        new() { Host = "gitlab.com", Api = GitHostApi.GitLab, BaseUrl = "https://gitlab.com/api/v4" },
    ];

    /// <summary>The host, as in <see cref="CredentialOptions.Host"/>.</summary>
    public string Host { get; set; } = "";

    /// <summary>Which API it speaks.</summary>
    public GitHostApi Api { get; set; }

    /// <summary>Where its API begins: <c>https://github.example.org/api/v3</c>, <c>https://gitlab.example.org/api/v4</c>.</summary>
    public string BaseUrl { get; set; } = "";

    /// <summary>What is configured or known of a host; null where that is nothing.</summary>
    public static GitHostOptions? Find(IEnumerable<GitHostOptions> configured, string host) =>
        configured.Concat(Known).FirstOrDefault(known => string.Equals(known.Host, host, StringComparison.OrdinalIgnoreCase));
}

/// <summary>The APIs that are known.</summary>
internal enum GitHostApi
{
    /// <summary>GitHub's REST API, version 3.</summary>
    GitHub,

    /// <summary>GitLab's REST API, version 4.</summary>
    GitLab,
}
