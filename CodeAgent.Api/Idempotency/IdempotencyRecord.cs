using System.Globalization;
using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.Api.Idempotency;

/// <summary>What Redis remembers of one request, from when it begins until it is answered.</summary>
internal sealed class IdempotencyRecord(IDatabase redis, IdempotencyConfig config, string name, string payload)
{
    private readonly string _owner = Guid.NewGuid().ToString("N");
    private readonly RedisKey[] _keys = [$"{RedisKeys.Prefix}idempotency:{Secret.Hash(name)}", $"{RedisKeys.Prefix}idempotency:{Secret.Hash(name)}:owner"];

    /// <summary>What to do with it; null where it was not begun: it is answered, or another instance is at it, or its key is that of another request.</summary>
    public IdempotentRequest? Request { get; private set; }

    /// <summary>The answer that was given before, and its body.</summary>
    public (RecordedAnswer Head, byte[] Body)? Answered { get; private set; }

    /// <summary>Asks for it: go, busy, other, or answered.</summary>
    public async Task<string> BeginAsync(TimeProvider time)
    {
        var result = (RedisResult[])(await IdempotencyScripts.Begin.RunAsync(redis, _keys,
            [payload, _owner, Milliseconds(config.Lease), Milliseconds(config.Keep), TaskIds.Next(time.GetUtcNow()).ToString()]))!;
        var outcome = (string)result[0]!;
        if (outcome == "answered")
        {
            Answered = (JsonSerializer.Deserialize((string)result[1]!, IdempotencyJson.Default.RecordedAnswer)!, (byte[])result[2]!);
        }
        else if (outcome == "go")
        {
            Request = new(Guid.Parse((string)result[1]!), (int)result[2] == 1);
        }

        return outcome;
    }

    /// <summary>Keeps the answer.</summary>
    public Task AnswerAsync(RecordedAnswer answer, ReadOnlyMemory<byte> body) => IdempotencyScripts.Answer.RunAsync(redis, _keys,
        [_owner, payload, Request!.Id.ToString(), JsonSerializer.Serialize(answer, IdempotencyJson.Default.RecordedAnswer), body, Milliseconds(config.Keep)]);

    /// <summary>Lets the request be repeated.</summary>
    /// <param name="forget">Whether nothing came of it, so that its key is free.</param>
    public Task ReleaseAsync(bool forget) => IdempotencyScripts.Release.RunAsync(redis, _keys, [_owner, forget && !Request!.IsRepetition ? 1 : 0]);

    private static string Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
