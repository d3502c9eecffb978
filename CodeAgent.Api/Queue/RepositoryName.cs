namespace CodeAgent.Api.Queue;

/// <summary>One name for a repository, however its address is written.</summary>
internal static class RepositoryName
{
    private const string Git = ".git";

    /// <summary><c>host/path</c> for an address with a host, in lower case, without user, port and <c>.git</c>; anything else as it is.</summary>
    public static string Of(string address)
    {
        if (Uri.TryCreate(address, UriKind.Absolute, out var uri) && uri.Host.Length > 0)
        {
            return Named(uri.Host, uri.AbsolutePath);
        }

        // USER@HOST:PATH, as git and ssh take it.
        return !address.Contains("://", StringComparison.Ordinal) && address.IndexOf(':', StringComparison.Ordinal) is > 0 and var colon
            ? Named(address[(address.IndexOf('@', StringComparison.Ordinal) + 1)..colon], address[(colon + 1)..])
            : address;
    }

    private static string Named(string host, string path)
    {
        var trimmed = path.Trim('/');
        var name = trimmed.EndsWith(Git, StringComparison.OrdinalIgnoreCase) ? trimmed[..^Git.Length] : trimmed;
        return $"{host}/{name}".ToLowerInvariant();
    }
}
