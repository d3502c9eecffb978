namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// What is to be told to Redis next, already added up: a thousand requests of one key are one change of its windows, however long
/// Redis is away. Not thread-safe.
/// </summary>
internal sealed class Ledger
{
    public Dictionary<(Subject Subject, long Minute, long Day), WindowChange> Windows { get; } = [];

    public List<TotalChange> Totals { get; } = [];

    public Dictionary<(DateOnly Day, Account Account), BookSums> Books { get; } = [];

    /// <summary>Done when Redis has taken it.</summary>
    public TaskCompletionSource Taken { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public bool IsEmpty => Windows.Count == 0 && Totals.Count == 0 && Books.Count == 0;

    public void Settle(Reservation reservation, long tokens, long money)
    {
        var (moreTokens, moreMoney) = (tokens - reservation.ReservedTokens, money - reservation.ReservedMoney);
        foreach (var subject in reservation.Subjects)
        {
            var key = (subject, reservation.Clock.Minute, reservation.Clock.Day);
            Windows[key] = Windows.GetValueOrDefault(key).Plus(moreTokens, moreMoney);
            if (subject.Limits.HasTotals)
            {
                Totals.Add(new(subject, reservation, moreTokens, moreMoney, tokens, money));
            }
        }
    }

    public void Book(DateOnly day, Account account, in Booking booking)
    {
        if (!Books.TryGetValue((day, account), out var sums))
        {
            Books[(day, account)] = sums = new();
        }

        sums.Add(booking);
    }

    /// <summary>Requests of one subject that were let in at the same minute: tokens and money beyond what was reserved, less below 0; and of these only what was above.</summary>
    internal readonly record struct WindowChange(long Tokens, long Money, long TokensAbove, long MoneyAbove)
    {
        public WindowChange Plus(long tokens, long money) =>
            new(Tokens + tokens, Money + money, TokensAbove + Math.Max(0, tokens), MoneyAbove + Math.Max(0, money));
    }

    /// <summary>One request against totals.</summary>
    internal readonly record struct TotalChange(Subject Subject, Reservation Reservation, long MoreTokens, long MoreMoney, long Tokens, long Money);
}
