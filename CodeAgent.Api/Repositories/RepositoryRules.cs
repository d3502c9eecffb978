using System.Text.RegularExpressions;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Files;

namespace CodeAgent.Api.Repositories;

/// <summary>Which repositories tasks may name. What is said about a wrong one never repeats it: it may hold a password.</summary>
/// <param name="config">What is allowed.</param>
/// <param name="home">Where relative folders begin.</param>
internal sealed partial class RepositoryRules(ConfigFile<ApiConfig> config, string home)
{
    private const string Field = "repository.url";
    private const int LongestUrl = 2_000;

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 where it is not allowed.</exception>
    public void Require(RepositoryRequest repository)
    {
        var url = repository.Url;
        Require(url.Length is > 0 and <= LongestUrl && !url.Any(c => char.IsControl(c)),
            $"A repository's address has 1 to {LongestUrl:N0} characters and no control characters.");
        if (url.Contains("://", StringComparison.Ordinal))
        {
            RequireUrl(url);
        }
        else
        {
            Require(ScpLike().IsMatch(url), "A repository's address is https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH.");
        }

        if (repository.Ref is { } revision && !GitNames.IsRevision(revision))
        {
            throw TaskProblems.Invalid("repository.ref", "A ref is the name of a branch or tag by git's rules, or a full commit id.");
        }
    }

    private void RequireUrl(string url)
    {
        Require(Uri.TryCreate(url, UriKind.Absolute, out var address) && address.Scheme is "https" or "ssh" or "file",
            "A repository's address is https://HOST/PATH, ssh://USER@HOST/PATH, USER@HOST:PATH or file:///PATH.");
        Require(!address!.UserInfo.Contains(':', StringComparison.Ordinal) && (address.Scheme == "ssh" || address.UserInfo.Length == 0),
            "There are credentials in the repository's address. Take them out: the workers have their own way to sign in.");
        Require(address.Query.Length == 0 && address.Fragment.Length == 0, "A repository's address has no query and no fragment.");
        Require(!url.Contains(' ', StringComparison.Ordinal) || address.IsFile, "A repository's address has no blanks.");
        if (address.IsFile)
        {
            Require(address.Host.Length == 0, "A file repository is on the worker's own disk: file:///PATH, without a host.");
            RequireAllowed(address.LocalPath);
        }
        else
        {
            Require(address.Host.Length > 0 && address.Host[0] != '-' && address.AbsolutePath.Length > 1, "A repository's address names a host and a path.");
        }
    }

    private void RequireAllowed(string path)
    {
        var real = RealPath.Of(path);
        Require(config.Current.Repositories.AllowedFolders.Any(folder => RealPath.IsWithin(real, RealPath.Of(Path.Combine(home, folder)))),
            "Repositories on the disk are allowed only in the folders that config/api.yaml lists under repositories.allowedFolders.");
    }

    private static void Require(bool fact, string detail)
    {
        if (!fact)
        {
            throw TaskProblems.Invalid(Field, detail);
        }
    }

    // As git reads it: a colon before the first slash. Two colons in a row would name a helper program instead.
    [GeneratedRegex(@"^(?:[A-Za-z0-9._-]+@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:)[^\s-][^\s]*\z")]
    private static partial Regex ScpLike();
}
