namespace CodeAgent.Worker.Workspaces.Credentials;

/// <summary>A repository's address, taken apart.</summary>
/// <param name="Scheme"><c>https</c>, <c>http</c>, <c>ssh</c> or <c>git</c>.</param>
/// <param name="Host">In lower case, with the port unless that is the scheme's own.</param>
/// <param name="Path">Without the slashes around it and without <c>.git</c>.</param>
internal sealed record RemoteUrl(string Scheme, string Host, string Path)
{
    private const int SshPort = 22;

    /// <summary>The scheme and host as the start of an address.</summary>
    public string Origin => $"{Scheme}://{Host}";

    /// <summary>Reads <c>https://host/path</c>, <c>ssh://user@host/path</c> or <c>user@host:path</c>; null for what is on this machine's own disk.</summary>
    public static RemoteUrl? Parse(string url)
    {
        if (url.Contains("://", StringComparison.Ordinal))
        {
            return Uri.TryCreate(url, UriKind.Absolute, out var address) && !address.IsFile
                ? new(address.Scheme, HostOf(address), Trimmed(Uri.UnescapeDataString(address.AbsolutePath)))
                : null;
        }

        var colon = url.IndexOf(':', StringComparison.Ordinal);
        return colon < 1 || url.AsSpan(0, colon).Contains('/') ? null
            : new("ssh", url[(url.LastIndexOf('@', colon) + 1)..colon].ToLowerInvariant(), Trimmed(url[(colon + 1)..]));
    }

    /// <summary>Whether the path begins with these folders. Hosts take paths in any case.</summary>
    public bool IsBelow(string prefix)
    {
        var folders = Trimmed(prefix);
        return folders.Length == 0 || string.Equals(Path, folders, StringComparison.OrdinalIgnoreCase)
            || Path.StartsWith(folders + "/", StringComparison.OrdinalIgnoreCase);
    }

    private static string HostOf(Uri address) =>
        address.IsDefaultPort || (address.Scheme == "ssh" && address.Port is -1 or SshPort) ? address.Host.ToLowerInvariant() : $"{address.Host.ToLowerInvariant()}:{address.Port}";

    private static string Trimmed(string path)
    {
        var trimmed = path.Trim('/');
        return trimmed.EndsWith(".git", StringComparison.OrdinalIgnoreCase) ? trimmed[..^".git".Length] : trimmed;
    }
}
