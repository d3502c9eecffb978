using System.Text.Json;
using StackExchange.Redis;

namespace CodeAgent.Api.Callbacks;

/// <summary>A callback as it is kept until it is delivered.</summary>
/// <param name="Id">The value of <c>webhook-id</c>.</param>
/// <param name="Task">The task.</param>
/// <param name="Tenant">Whose the task is.</param>
/// <param name="Url">Where it goes.</param>
/// <param name="TraceParent">The trace of the task.</param>
/// <param name="Type">What it tells of.</param>
/// <param name="At">When that was.</param>
/// <param name="Body">What is sent.</param>
/// <param name="Attempts">How often that was tried.</param>
internal sealed record Callback(
    string Id, Guid Task, string? Tenant, string Url, string TraceParent, string Type, DateTimeOffset At, byte[] Body, int Attempts);

/// <summary>A callback that this instance delivers, unless it takes too long.</summary>
/// <param name="Receiver">The receiver.</param>
/// <param name="Id">The callback.</param>
/// <param name="Until">When others may claim it, in milliseconds since 1970.</param>
internal sealed record CallbackClaim(string Receiver, string Id, long Until);

/// <summary>The callbacks in Redis.</summary>
internal sealed class CallbackQueue(IConnectionMultiplexer redis)
{
    /// <summary>Attempts that are kept of a task.</summary>
    public const int LongestLog = 200;

    private const int MostReceivers = 1_000;

    private IDatabase Redis => redis.GetDatabase();

    /// <summary>Receivers for whom there is something to do, whoever waits longest first.</summary>
    public async Task<IReadOnlyList<string>> DueAsync(DateTimeOffset now) => [.. (await Redis.SortedSetRangeByScoreAsync(
        CallbackKeys.Receivers, stop: now.ToUnixTimeMilliseconds(), take: MostReceivers)).Select(receiver => receiver.ToString())];

    /// <summary>When the next receiver is due; null where there is none.</summary>
    public async Task<DateTimeOffset?> NextAsync(DateTimeOffset after)
    {
        var next = await Redis.SortedSetRangeByScoreWithScoresAsync(CallbackKeys.Receivers, start: after.ToUnixTimeMilliseconds(), exclude: Exclude.Start, take: 1);
        return next.Length == 0 ? null : DateTimeOffset.FromUnixTimeMilliseconds((long)next[0].Score);
    }

    /// <summary>Lets nobody look at a receiver until then, unless a new callback comes for it.</summary>
    public Task RestAsync(string receiver, DateTimeOffset until) =>
        Redis.SortedSetAddAsync(CallbackKeys.Receivers, receiver, until.ToUnixTimeMilliseconds(), SortedSetWhen.Exists);

    /// <summary>Claims callbacks that are due.</summary>
    public async Task<IReadOnlyList<CallbackClaim>> ClaimAsync(string receiver, int count, DateTimeOffset now, TimeSpan lease)
    {
        var until = (now + lease).ToUnixTimeMilliseconds();
        var ids = (RedisValue[])(await CallbackScripts.Claim.RunQuietlyAsync(Redis, [CallbackKeys.Receivers, CallbackKeys.Queue(receiver)],
            [receiver, now.ToUnixTimeMilliseconds(), until, count]))!;
        return [.. ids.Select(id => new CallbackClaim(receiver, id!, until))];
    }

    /// <summary>A callback; null where it is not there any more.</summary>
    public async Task<Callback?> ReadAsync(string id)
    {
        var fields = await Redis.HashGetAsync(CallbackKeys.Callback(id), ["task", "tenant", "url", "trace", "type", "at", "body", "attempts"]);
        return fields[0].IsNull ? null : new(id, Guid.Parse(fields[0].ToString()), fields[1].IsNullOrEmpty ? null : fields[1].ToString(), fields[2]!, fields[3]!, fields[4]!,
            DateTimeOffset.FromUnixTimeMilliseconds((long)fields[5]), (byte[])fields[6]!, (int)fields[7]);
    }

    /// <summary>Notes what came of an attempt.</summary>
    /// <returns>Whether the claim still held.</returns>
    public Task<bool> SettleAsync(CallbackClaim claim, Guid task, CallbackAttempt attempt) =>
        SettleAsync(claim, task, attempt.NextAt, JsonSerializer.Serialize(attempt, CallbacksJson.Default.CallbackAttempt));

    /// <summary>Gives a claim back, as if it had not been.</summary>
    public Task<bool> ReleaseAsync(CallbackClaim claim, DateTimeOffset due) => SettleAsync(claim, default, due, "");

    /// <summary>Forgets a callback.</summary>
    public Task<bool> RemoveAsync(CallbackClaim claim) => SettleAsync(claim, default, null, "");

    /// <summary>The attempts of a task, the newest first.</summary>
    public async Task<IReadOnlyList<CallbackAttempt>> LogAsync(Guid task) =>
        [.. (await Redis.ListRangeAsync(CallbackKeys.Log(task), 0, LongestLog - 1)).Select(json => JsonSerializer.Deserialize((string)json!, CallbacksJson.Default.CallbackAttempt)!)];

    private async Task<bool> SettleAsync(CallbackClaim claim, Guid task, DateTimeOffset? next, string attempt) => (bool)await CallbackScripts.Settle.RunQuietlyAsync(
        Redis, [CallbackKeys.Receivers, CallbackKeys.Queue(claim.Receiver), CallbackKeys.Callback(claim.Id), CallbackKeys.Log(task)],
        [claim.Receiver, claim.Id, claim.Until, next is { } due ? due.ToUnixTimeMilliseconds() : "", attempt, LongestLog]);
}
