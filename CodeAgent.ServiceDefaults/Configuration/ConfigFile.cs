using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Reads configuration files outside of a service's builder.</summary>
public static class ConfigFile
{
    /// <summary>Reads a file once; without one, the defaults hold (they must be valid too).</summary>
    /// <param name="path">The file.</param>
    /// <param name="variable">The value of an environment variable; null where it is not set.</param>
    /// <param name="validate">Says what is wrong with a configuration.</param>
    /// <param name="cancellationToken">Stops reading.</param>
    /// <exception cref="ConfigFileException">The file is not valid.</exception>
    public static async Task<ConfigFile<T>> LoadAsync<T>(
        string path, Func<string, string?> variable, Action<T, ConfigProblems> validate, CancellationToken cancellationToken = default)
        where T : class, new()
    {
        var file = new ConfigFile<T>(Path.GetFullPath(path), variable, validate);
        await file.LoadAsync(cancellationToken);
        return file;
    }
}

/// <summary>
/// The configuration in a YAML file, read again whenever the file changes. A bad edit is refused and logged; the last good
/// configuration stays in force. Keys are camelCase and unknown ones are refused; values may refer to the environment as
/// <c>${NAME}</c> or <c>${NAME:-default}</c>; durations are written <c>30s</c>; secrets are of type <see cref="ConfigSecret"/>.
/// </summary>
/// <typeparam name="T">What is in it. Its property values are the defaults.</typeparam>
public sealed partial class ConfigFile<T>
    where T : class, new()
{
    private readonly Func<string, string?> _variable;
    private readonly Action<T, ConfigProblems> _validate;
    private volatile T _current = new();
    private string? _seen;

    internal ConfigFile(string path, Func<string, string?> variable, Action<T, ConfigProblems> validate) =>
        (Path, _variable, _validate) = (path, variable, validate);

    /// <summary>Raised after <see cref="Current"/> was replaced.</summary>
    public event Action<T>? Changed;

    /// <summary>Full path of the file.</summary>
    public string Path { get; }

    /// <summary>The configuration in force: the last good one. Take it once for each piece of work, so that the work sees one configuration.</summary>
    public T Current => _current;

    /// <summary>A short hash of the text that is in force, by which the replicas of a service can be compared. What the environment gives is no part of it.</summary>
    public string Version { get; private set; } = "";

    /// <summary>Reads the file for the first time; without one, the defaults hold.</summary>
    internal async Task LoadAsync(CancellationToken cancellationToken)
    {
        _seen = await TextAsync(cancellationToken);
        _current = Read(_seen ?? "");
        Version = VersionOf(_seen ?? "");
    }

    /// <summary>Reads the file again if its text is another than the last time.</summary>
    internal async Task RefreshAsync(ILogger logger, CancellationToken cancellationToken)
    {
        var text = await TextAsync(cancellationToken);
        if (text == _seen)
        {
            return;
        }

        _seen = text;
        if (text is null)
        {
            LogGone(logger, Path);
            return;
        }

        if (string.IsNullOrWhiteSpace(text))
        {
            // Many programs empty a file before they write it.
            LogEmpty(logger, Path);
            return;
        }

        try
        {
            _current = Read(text);
            Version = VersionOf(text);
        }
        catch (ConfigFileException e)
        {
            LogRefused(logger, Environment.NewLine, e.Message);
            return;
        }

        LogReloaded(logger, Path);
        Changed?.Invoke(_current);
    }

    private static string VersionOf(string text) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)))[..12];

    private T Read(string text) => ConfigReader<T>.Read(Path, text, _variable, _validate);

    private async Task<string?> TextAsync(CancellationToken cancellationToken)
    {
        try
        {
            return await File.ReadAllTextAsync(Path, cancellationToken);
        }
        catch (Exception e) when (e is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
    }

    [LoggerMessage(LogLevel.Information, "{File} was changed and is in force now")]
    private static partial void LogReloaded(ILogger logger, string file);

    [LoggerMessage(LogLevel.Error, "A change of the configuration is refused, the last good one stays in force:{NewLine}{Problems}")]
    private static partial void LogRefused(ILogger logger, string newLine, string problems);

    [LoggerMessage(LogLevel.Warning, "{File} is empty, the last good configuration stays in force")]
    private static partial void LogEmpty(ILogger logger, string file);

    [LoggerMessage(LogLevel.Warning, "{File} is gone, the last good configuration stays in force")]
    private static partial void LogGone(ILogger logger, string file);
}
