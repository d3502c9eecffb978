using System.Globalization;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Diagnostics.HealthChecks;
using StackExchange.Redis;

namespace CodeAgent.ServiceDefaults.Identity;

/// <summary>
/// Whether the services that share this Redis hash keys with secrets that all of them have. Each says the fingerprints of its
/// own in a hash of Redis; one that hashes with a secret which another lacks makes keys and tokens that the other does not know.
/// </summary>
internal sealed partial class KeySecretAgreement(
    IConnectionMultiplexer redis, KeySecrets secrets, IHostEnvironment host, TimeProvider time, ILogger<KeySecretAgreement> logger) : BackgroundService, IHealthCheck
{
    public static readonly RedisKey Said = RedisKeys.Prefix + "key-secrets";
    private static readonly TimeSpan Interval = TimeSpan.FromSeconds(10);
    private static readonly TimeSpan Alive = TimeSpan.FromSeconds(35);

    private readonly string _self = $"{host.ApplicationName} {Guid.NewGuid():N}";
    private volatile string? _difference;
    private volatile bool _known;

    /// <summary>Whether all others are known to find what is hashed with the newest secret. Until then nothing that they find is hashed anew.</summary>
    public bool IsKnownToAll => _known && _difference is null;

    public Task<HealthCheckResult> CheckHealthAsync(HealthCheckContext context, CancellationToken cancellationToken = default) =>
        Task.FromResult(_difference is { } difference ? HealthCheckResult.Degraded(difference) : HealthCheckResult.Healthy());

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        secrets.Changed += () => _known = false;
        using var timer = new PeriodicTimer(Interval, time);
        try
        {
            do
            {
                try
                {
                    await CompareAsync();
                }
                catch (Exception e) when (e.MeansRedisIsAway())
                {
                    _known = false;
                }
            }
            while (await timer.WaitForNextTickAsync(stoppingToken));
        }
        finally
        {
            await LeaveAsync();
        }
    }

    /// <summary>Takes the own fingerprints away, so that nobody compares with them any more.</summary>
    internal async Task LeaveAsync()
    {
        try
        {
            if (redis.IsConnected)
            {
                await redis.GetDatabase().HashDeleteAsync(Said, _self);
            }
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            // The others stop counting it after a while.
        }
    }

    /// <summary>Says the own fingerprints, and looks at those of the others.</summary>
    internal async Task CompareAsync()
    {
        var (database, own, now) = (redis.GetDatabase(), secrets.Fingerprints, time.GetUtcNow());
        await database.HashSetAsync(Said, _self, string.Create(CultureInfo.InvariantCulture, $"{now.ToUnixTimeMilliseconds()} {string.Join(' ', own)}"));
        List<string> differences = [];
        foreach (var entry in await database.HashGetAllAsync(Said))
        {
            var (name, parts) = (entry.Name, entry.Value.ToString().Split(' '));
            if (now - DateTimeOffset.FromUnixTimeMilliseconds(long.Parse(parts[0], CultureInfo.InvariantCulture)) > Alive)
            {
                await database.HashDeleteAsync(Said, name);
            }
            else if (name != _self)
            {
                differences.AddRange(Differences(name.ToString().Split(' ')[0], own, parts[1..]));
            }
        }

        var difference = differences.Count == 0 ? null : string.Join(" ", differences.Distinct());
        if (difference is not null && difference != _difference)
        {
            LogDiffers(difference);
        }
        else if (difference is null && _difference is not null)
        {
            LogAgrees();
        }

        (_difference, _known) = (difference, true);
    }

    // Whoever has any secret also knows what was hashed without one.
    private IEnumerable<string> Differences(string other, IReadOnlyList<string> own, string[] theirs)
    {
        if (!theirs.Contains(own[0]) && secrets.HasSecret)
        {
            yield return $"{other} does not have the secret that {host.ApplicationName} hashes keys with: what one makes, the other does not know.";
        }

        if (!own.Contains(theirs[0]) && theirs[0] != new KeySecrets((string?)null).Fingerprints[0])
        {
            yield return $"{host.ApplicationName} does not have the secret that {other} hashes keys with: what one makes, the other does not know.";
        }
    }

    [LoggerMessage(LogLevel.Error, "CODEAGENT_KEY_SECRET differs between services. {Difference} Give all of them the same secrets, in the same order")]
    private partial void LogDiffers(string difference);

    [LoggerMessage(LogLevel.Information, "CODEAGENT_KEY_SECRET is the same in all services again")]
    private partial void LogAgrees();
}
