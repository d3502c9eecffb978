using System.Globalization;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Audit;

/// <summary>The log in Redis: a list for the house, which has everything, and one for each tenant, which has its own. The oldest go.</summary>
internal sealed class AuditLog(IConnectionMultiplexer redis)
{
    // KEYS: the list and its counter. ARGV: how many are kept, and the entries.
    private static readonly RedisScript Append = new("audit append", """
        for i = 2, #ARGV do
          redis.call('RPUSH', KEYS[1], ARGV[i])
        end
        redis.call('LTRIM', KEYS[1], -tonumber(ARGV[1]), -1)
        return redis.call('INCRBY', KEYS[2], #ARGV - 1)
        """);

    // ARGV: the number before which to begin (0: at the newest), and how many. Answers the number of the first of the entries, which go upwards, and these.
    private static readonly RedisScript Read = new("audit read", """
        local last, kept = tonumber(redis.call('GET', KEYS[2]) or '0'), redis.call('LLEN', KEYS[1])
        local first, stop = last - kept + 1, last
        if tonumber(ARGV[1]) > 0 and tonumber(ARGV[1]) <= last then
          stop = tonumber(ARGV[1]) - 1
        end
        local start = math.max(first, stop - tonumber(ARGV[2]) + 1)
        if stop < start then
          return { '0' }
        end
        local entries = redis.call('LRANGE', KEYS[1], string.format('%d', start - first), string.format('%d', stop - first))
        table.insert(entries, 1, string.format('%d', start))
        return entries
        """);

    /// <summary>Writes entries at the end.</summary>
    public async Task AppendAsync(IReadOnlyList<AuditEntry> entries, int keep)
    {
        await AppendAsync(null, entries, keep);
        foreach (var tenant in entries.Where(entry => entry.Tenant is not null).GroupBy(entry => entry.Tenant))
        {
            await AppendAsync(tenant.Key, [.. tenant], keep);
        }
    }

    /// <summary>Some entries, the newest first.</summary>
    /// <param name="tenant">Those of this tenant; all where it is null.</param>
    /// <param name="before">Only entries with a smaller number; 0 for the newest.</param>
    /// <param name="limit">At most so many.</param>
    public async Task<Page<AuditEntry>> ReadAsync(string? tenant, long before, int limit)
    {
        var answer = (string[])(await Read.RunAsync(redis.GetDatabase(), Keys(tenant), [before, limit + 1]))!;
        var first = long.Parse(answer[0], CultureInfo.InvariantCulture);
        var entries = answer.Skip(1)
            .Select((json, place) => JsonSerializer.Deserialize(json, AuditJson.Default.AuditEntry)! with { Number = first + place })
            .Reverse().ToList();
        return entries.Count > limit
            ? new(entries[..limit], entries[limit - 1].Number.ToString(CultureInfo.InvariantCulture))
            : new(entries, null);
    }

    private async Task AppendAsync(string? tenant, IReadOnlyList<AuditEntry> entries, int keep) => await Append.RunQuietlyAsync(
        redis.GetDatabase(), Keys(tenant), [keep, .. entries.Select(entry => (RedisValue)JsonSerializer.Serialize(entry, AuditJson.Default.AuditEntry))]);

    private static RedisKey[] Keys(string? tenant)
    {
        var list = tenant is null ? $"{RedisKeys.Prefix}audit" : $"{RedisKeys.Prefix}tenant:{tenant}:audit";
        return [list, $"{list}:last"];
    }
}
