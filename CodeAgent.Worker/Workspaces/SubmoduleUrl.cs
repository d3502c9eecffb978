using CodeAgent.Worker.Workspaces.Credentials;

namespace CodeAgent.Worker.Workspaces;

/// <summary>Addresses of submodules: whoever can write to a repository can put any there.</summary>
internal static class SubmoduleUrl
{
    /// <summary>The address of a submodule, taken from the one of the repository where it is relative; null where it is not allowed.</summary>
    /// <remarks>On the worker's own disk only the repository's neighbours are allowed, and by a relative address alone.</remarks>
    public static string? Resolve(string repository, string url)
    {
        // Git takes %2e for a dot where an address is one of the disk.
        if (url.Contains('%', StringComparison.Ordinal))
        {
            return null;
        }

        var isRelative = url.StartsWith("./", StringComparison.Ordinal) || url.StartsWith("../", StringComparison.Ordinal);
        var isFile = repository.StartsWith("file:", StringComparison.OrdinalIgnoreCase);
        if (isRelative)
        {
            return (isFile && url.Split("../").Length > 2) || url.TrimStart('.', '/').Split('/').Contains("..") ? null : Join(repository.TrimEnd('/'), url);
        }

        // Two colons in a row would name a helper program.
        return RemoteUrl.Parse(url) is { } remote && !url.StartsWith('-') && !url.Contains("::", StringComparison.Ordinal) && !url.Any(char.IsControl) && !isFile
            && (remote.Scheme is "https" or "ssh" || (remote.Scheme == "http" && RemoteUrl.Parse(repository) is { } parent && parent.Origin == remote.Origin))
            ? url : null;
    }

    private static string? Join(string repository, string url)
    {
        while (true)
        {
            if (url.StartsWith("./", StringComparison.Ordinal))
            {
                url = url[2..];
            }
            else if (url.StartsWith("../", StringComparison.Ordinal))
            {
                // Not into the host: https://host, and user@host:
                var path = repository.IndexOf("://", StringComparison.Ordinal) is var scheme and >= 0 ? repository.IndexOf('/', scheme + 3) : repository.IndexOf(':', StringComparison.Ordinal);
                var end = repository.LastIndexOf('/');
                end = end < path ? path : end;
                if (path < 0 || end >= repository.Length - 1 && end == path)
                {
                    return null;
                }

                (repository, url) = (end == path ? repository[..(path + 1)] : repository[..end], url[3..]);
            }
            else
            {
                return repository[^1] is '/' or ':' ? repository + url : $"{repository}/{url}";
            }
        }
    }
}
