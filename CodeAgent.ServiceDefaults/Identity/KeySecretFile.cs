using Microsoft.Extensions.Options;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Reads the secrets from a file where one is named, and again when it changes: a mounted secret is rotated without a restart.
/// What is wrong with a change is said, and the last good secrets stay in force.
/// </summary>
internal sealed partial class KeySecretFile(IOptionsMonitor<IdentityOptions> options, KeySecrets secrets, TimeProvider time, ILogger<KeySecretFile> logger) : BackgroundService
{
    // Read rather than watched: mounts swap a folder of links, which watchers do not see.
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(2);
    private string? _seen;

    public override async Task StartAsync(CancellationToken cancellationToken)
    {
        if (options.CurrentValue.KeySecretFile is { Length: > 0 } file)
        {
            _seen = await File.ReadAllTextAsync(file, cancellationToken);
            secrets.Use(_seen);
        }

        if (!secrets.HasSecret)
        {
            LogNone();
        }

        await base.StartAsync(cancellationToken);
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        using var timer = new PeriodicTimer(Interval, time);
        while (options.CurrentValue.KeySecretFile is { Length: > 0 } file && await timer.WaitForNextTickAsync(stoppingToken))
        {
            try
            {
                await RefreshAsync(file, stoppingToken);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException or OptionsValidationException)
            {
                LogRefused(e.Message, file);
            }
        }
    }

    private async Task RefreshAsync(string file, CancellationToken stoppingToken)
    {
        var text = await File.ReadAllTextAsync(file, stoppingToken);
        if (text == _seen || string.IsNullOrWhiteSpace(text))
        {
            return;
        }

        _seen = text;
        secrets.Use(text);
        LogChanged(secrets.Fingerprints.Count, file);
    }

    [LoggerMessage(LogLevel.Warning, "CODEAGENT_KEY_SECRET is not set: keys are kept as their bare SHA-256, which whoever reads Redis can test guesses against")]
    private partial void LogNone();

    [LoggerMessage(LogLevel.Information, "There are {Count} secrets for keys in {File} now")]
    private partial void LogChanged(int count, string file);

    [LoggerMessage(LogLevel.Error, "The secrets for keys in {File} are not taken over, the last good ones stay in force: {Reason}")]
    private partial void LogRefused(string reason, string file);
}
