using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>What a request asks its subjects for.</summary>
/// <param name="Tokens">Tokens that it may use for all that is known.</param>
/// <param name="LikedTokens">Tokens more that it may use, where nobody said how many at most: reserved as far as there is room.</param>
/// <param name="Money">As <paramref name="Tokens"/>, in picodollars.</param>
/// <param name="LikedMoney">As <paramref name="LikedTokens"/>, in picodollars.</param>
internal readonly record struct Need(long Tokens, long LikedTokens, long Money, long LikedMoney);

/// <summary>What a subject had used just after a request was let in or refused.</summary>
/// <param name="Subject">The subject.</param>
/// <param name="Used">Its counts, by the places of <see cref="LimitSet"/>.</param>
internal readonly record struct SubjectState(Subject Subject, long[] Used);

/// <summary>A request on its way into or through the budgets.</summary>
internal sealed class Reservation(Subject[] subjects, RedisKey? keyRecord, Need need)
{
    private static long _last;

    /// <summary>Unique within this gateway; the gateway's own id goes before it.</summary>
    public long Number { get; } = Interlocked.Increment(ref _last);

    public Subject[] Subjects { get; } = subjects;

    /// <summary>The record of the caller's key, which must still be there.</summary>
    public RedisKey? KeyRecord { get; } = keyRecord;

    public Need Need { get; } = need;

    public Verdict Verdict { get; private set; }

    /// <summary>Which of the limits does not let the request in: the place of its subject, and its own in <see cref="LimitSet"/>.</summary>
    public (int Subject, int Limit) Refusal { get; private set; }

    public Measure RefusedMeasure => (Measure)(Refusal.Limit / LimitSet.WindowCount);

    public Window RefusedWindow => (Window)(Refusal.Limit % LimitSet.WindowCount);

    public SubjectState[] States { get; private set; } = [];

    public long ReservedTokens { get; private set; }

    public long ReservedMoney { get; private set; }

    /// <summary>The time of Redis when it was decided, in ms, and the minute and day that it counts in; -1 where that is not known.</summary>
    public (long Now, long Minute, long Day) Clock { get; private set; } = (-1, -1, -1);

    /// <summary>What Redis says to it, which may be later than anybody waits: true once it is known, false where it never will be. Null where Redis was not asked.</summary>
    public Task<bool>? Answered { get; set; }

    public void Decided(Verdict verdict, (int Subject, int Limit) refusal, long gotTokens, long gotMoney, (long Now, long Minute, long Day) clock, SubjectState[] states)
    {
        (Verdict, Refusal, Clock, States) = (verdict, refusal, clock, states);
        if (verdict == Verdict.Admitted)
        {
            (ReservedTokens, ReservedMoney) = (Need.Tokens + gotTokens, Need.Money + gotMoney);
        }
    }
}

internal enum Verdict
{
    Admitted,
    Refused,

    /// <summary>The caller's key was revoked.</summary>
    KeyIsGone,
}
