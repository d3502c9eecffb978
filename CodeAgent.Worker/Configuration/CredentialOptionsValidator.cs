using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Configuration;

internal static class CredentialOptionsValidator
{
    public static void Validate(WorkerOptions options, ConfigProblems problems)
    {
        for (var i = 0; i < options.Credentials.Count; i++)
        {
            Validate(options.Credentials[i], $"credentials[{i}]", options.GitHosts, problems);
        }

        for (var i = 0; i < options.GitHosts.Count; i++)
        {
            var host = options.GitHosts[i];
            problems.Require(IsHost(host.Host), $"gitHosts[{i}].host", "a host such as github.example.org, with its port unless that is 443");
            problems.Require(Uri.TryCreate(host.BaseUrl, UriKind.Absolute, out var url) && url.Scheme is "https" or "http" && url.UserInfo.Length == 0 && url.Query.Length == 0,
                $"gitHosts[{i}].baseUrl", "where the API begins, such as https://github.example.org/api/v3, without credentials");
        }
    }

    private static void Validate(CredentialOptions credential, string path, IEnumerable<GitHostOptions> hosts, ConfigProblems problems)
    {
        problems.Require(IsHost(credential.Host), $"{path}.host", "a host such as github.com, with its port unless that is the scheme's own, and without a scheme");
        problems.Require(!credential.Path.Contains("..", StringComparison.Ordinal) && !credential.Path.Any(c => char.IsControl(c) || char.IsWhiteSpace(c)),
            $"{path}.path", "the beginning of a repository's path, such as my-org");
        problems.Require(IsPlain(credential.Username), $"{path}.username", "a name without blanks");
        problems.Require(!credential.Token.HasValue || IsPlain(credential.Token.Reveal()), $"{path}.token", "a token without blanks and line breaks");
        problems.Require(new[] { credential.Token.HasValue, !string.IsNullOrEmpty(credential.TokenFile), credential.GitHubApp is not null }.Count(given => given) <= 1,
            $"{path}.token", "one of token, tokenFile and gitHubApp");
        RequireFile(credential.TokenFile, $"{path}.tokenFile");
        RequireFile(credential.SshKey, $"{path}.sshKey");
        RequireFile(credential.KnownHosts, $"{path}.knownHosts");
        if (credential.GitHubApp is { } app)
        {
            problems.Require(app.AppId.Length is > 0 and <= 100 && app.AppId.All(char.IsAsciiLetterOrDigit), $"{path}.gitHubApp.appId", "the app's id or client id");
            problems.Require(app.InstallationId > 0, $"{path}.gitHubApp.installationId", "the installation's number");
            problems.Require(app.PrivateKey.Length > 0, $"{path}.gitHubApp.privateKey", "the absolute path of the app's private key, a PEM file");
            RequireFile(app.PrivateKey, $"{path}.gitHubApp.privateKey");
            problems.Require(GitHostOptions.Find(hosts, credential.Host) is { Api: GitHostApi.GitHub },
                $"{path}.gitHubApp", "its host under gitHosts with the api gitHub, so that it is known where tokens are had");
        }

        void RequireFile(string? file, string where) => problems.Require(string.IsNullOrEmpty(file) || (Path.IsPathRooted(file) && !file.Any(char.IsControl)), where, "the absolute path of a file");
    }

    private static bool IsHost(string host) => host.Length > 0 && !host.Contains('/') && !host.Contains('@') && Uri.TryCreate($"https://{host}/", UriKind.Absolute, out _);

    private static bool IsPlain(string text) => text.Length > 0 && !text.Any(c => char.IsControl(c) || char.IsWhiteSpace(c));
}
