using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Workspaces.Credentials;

/// <summary>Finds what a repository's host is signed in to with: <c>credentials</c> in the configuration.</summary>
internal sealed class GitCredentials(GitHubAppTokens apps, CurrentOptions options)
{
    /// <summary>What git needs for an address; nothing of ours where the configuration names nothing for it.</summary>
    /// <exception cref="CredentialException">The host gives out no token.</exception>
    public async Task<RemoteAccess> AccessAsync(string url, CancellationToken cancellationToken)
    {
        if (RemoteUrl.Parse(url) is not { } remote || Find(remote) is not { } found)
        {
            return RemoteAccess.Own;
        }

        return remote.Scheme == "ssh" ? RemoteAccess.WithKey(found) : RemoteAccess.WithToken(remote, found.Username, await TokenAsync(found, cancellationToken));
    }

    /// <summary>The token for an address; null where there is none.</summary>
    /// <exception cref="CredentialException">The host gives out no token.</exception>
    public async Task<string?> TokenAsync(string url, CancellationToken cancellationToken)
    {
        // Who clones by ssh may have a token for the same host's API.
        var remote = RemoteUrl.Parse(url) is { } parsed ? parsed with { Scheme = parsed.Scheme == "ssh" ? "https" : parsed.Scheme } : null;
        return remote is not null && Find(remote) is { } found ? await TokenAsync(found, cancellationToken) : null;
    }

    /// <summary>The host refused what it was given. Returns whether there may be something else the next time.</summary>
    public bool Refused(string url)
    {
        if (RemoteUrl.Parse(url) is not { } remote || remote.Scheme == "ssh" || Find(remote) is not { } found)
        {
            return false;
        }

        if (found.GitHubApp is { } app)
        {
            apps.Forget(app, ApiOf(found));
        }

        return found.GitHubApp is not null || !string.IsNullOrEmpty(found.TokenFile);
    }

    private async Task<string> TokenAsync(CredentialOptions found, CancellationToken cancellationToken) =>
        found.GitHubApp is { } app ? await apps.TokenAsync(app, ApiOf(found), cancellationToken)
        : string.IsNullOrEmpty(found.TokenFile) ? found.Token.Reveal()
        : await ReadAsync(found.TokenFile, cancellationToken);

    private static async Task<string> ReadAsync(string file, CancellationToken cancellationToken)
    {
        try
        {
            var token = (await File.ReadAllTextAsync(file, cancellationToken)).Trim();
            return token.Length > 0 && !token.Any(char.IsWhiteSpace) ? token : throw new CredentialException($"There is no token in {file}.");
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            throw new CredentialException($"The token cannot be read: {e.Message}");
        }
    }

    private string ApiOf(CredentialOptions found) =>
        GitHostOptions.Find(options().GitHosts, found.Host)?.BaseUrl ?? throw new CredentialException($"There is no API of {found.Host} under gitHosts.");

    private CredentialOptions? Find(RemoteUrl url) => options().Credentials
        .Where(credential => string.Equals(credential.Host, url.Host, StringComparison.OrdinalIgnoreCase) && url.IsBelow(credential.Path) && Serves(credential, url.Scheme))
        .MaxBy(credential => credential.Path.Trim('/').Length);

    private static bool Serves(CredentialOptions credential, string scheme) => scheme switch
    {
        "https" => credential.HasToken,
        "http" => credential.AllowHttp && credential.HasToken,
        "ssh" => !string.IsNullOrEmpty(credential.SshKey),
        _ => false,
    };
}

/// <summary>A host gives out no token.</summary>
/// <param name="message">For people.</param>
internal sealed class CredentialException(string message) : Exception(message);
