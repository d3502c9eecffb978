using System.Globalization;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Turns;

/// <summary>
/// A turn that is being asked by this request, or whose answer was found. While it is being asked nobody else can ask it; if
/// this process dies, it is free again after <see cref="Lease"/>.
/// </summary>
internal sealed partial class Turn(IDatabase redis, TimeProvider time, ILogger<Turn> logger) : IAsyncDisposable
{
    public static readonly TimeSpan Lease = TimeSpan.FromSeconds(9);
    private static readonly TimeSpan Renewal = TimeSpan.FromSeconds(3);

    private readonly string _owner = Guid.NewGuid().ToString("N");
    private readonly CancellationTokenSource _done = new();
    private Task _renewals = Task.CompletedTask;
    private bool _isOurs;

    public required RedisKey[] Keys { get; init; }

    public required string Key { get; init; }

    public required string Payload { get; init; }

    public required TurnInfo Info { get; init; }

    public required TimeSpan Keep { get; init; }

    public required int MaxAnswerBytes { get; init; }

    /// <summary>The answer that was given before.</summary>
    public RecordedAnswer? Recorded { get; private set; }

    /// <summary>Asks for the turn: go, busy, other, or answered.</summary>
    public async Task<string> BeginAsync()
    {
        var result = (RedisResult[])(await TurnScripts.Begin.RunAsync(redis, Keys,
            [Payload, _owner, Milliseconds(Lease), Key, Json(Info), Milliseconds(Keep)]))!;
        var outcome = (string)result[0]!;
        if (outcome == "answered")
        {
            Recorded = new((int)result[1], (string)result[2]!, (byte[])result[3]!);
        }
        else if (outcome == "go")
        {
            _isOurs = true;
            _renewals = RenewAsync(_done.Token);
        }

        return outcome;
    }

    /// <summary>Keeps the answer. What cannot be kept is logged: the caller has its answer all the same.</summary>
    public async Task AnswerAsync(int status, string contentType, ReadOnlyMemory<byte> body, TokenUsage? usage)
    {
        try
        {
            var info = Info with { Usage = usage, At = time.GetUtcNow() };
            var kept = (bool)await TurnScripts.Answer.RunAsync(redis, Keys,
                [_owner, Payload, Milliseconds(Keep), Key, Json(info), status, contentType, body]);
            _isOurs = false;
            if (!kept)
            {
                LogLost(Key);
            }
        }
        catch (Exception e) when (e is RedisException or TimeoutException)
        {
            LogNotKept(e, Key);
        }
    }

    public async ValueTask DisposeAsync()
    {
        await _done.CancelAsync();
        await _renewals;
        _done.Dispose();
        if (_isOurs)
        {
            try
            {
                await TurnScripts.Release.RunAsync(redis, [Keys[0]], [_owner]);
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                LogNotReleased(e, Key, Lease);
            }
        }
    }

    private async Task RenewAsync(CancellationToken done)
    {
        using var timer = new PeriodicTimer(Renewal, time);
        try
        {
            while (await timer.WaitForNextTickAsync(done))
            {
                try
                {
                    await TurnScripts.Renew.RunAsync(redis, [Keys[0]], [_owner, Milliseconds(Lease)]);
                }
                catch (Exception e) when (e is RedisException or TimeoutException)
                {
                    LogNotRenewed(e, Key);
                }
            }
        }
        catch (OperationCanceledException) when (done.IsCancellationRequested)
        {
            // The turn is over.
        }
    }

    private static string Json(TurnInfo info) => JsonSerializer.Serialize(info, TurnJson.Default.TurnInfo);

    private static string Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);

    [LoggerMessage(LogLevel.Warning, "The answer of turn {Key} is not kept: another request has taken the turn")]
    private partial void LogLost(string key);

    [LoggerMessage(LogLevel.Warning, "The answer of turn {Key} is not kept")]
    private partial void LogNotKept(Exception exception, string key);

    [LoggerMessage(LogLevel.Warning, "Turn {Key} cannot be renewed just now")]
    private partial void LogNotRenewed(Exception exception, string key);

    [LoggerMessage(LogLevel.Warning, "Turn {Key} cannot be released; it is free again within {Lease}")]
    private partial void LogNotReleased(Exception exception, string key, TimeSpan lease);
}

/// <summary>An answer that was given before.</summary>
internal sealed record RecordedAnswer(int Status, string ContentType, byte[] Body);
