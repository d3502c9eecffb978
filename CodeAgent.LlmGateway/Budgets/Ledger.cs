namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// What is to be told to Redis next, already added up: a thousand requests of one key are one change of its windows, however long
/// Redis is away. Not thread-safe.
/// </summary>
internal sealed class Ledger
{
    public Dictionary<(Subject Subject, long Minute, long Day), WindowChange> Windows { get; private set; } = [];

    public List<TotalChange> Totals { get; private set; } = [];

    public Dictionary<(DateOnly Day, Account Account), BookSums> Books { get; private set; } = [];

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

    /// <summary>
    /// Gives back all of a reservation of which Redis has not said whether it was made. Where totals are limited its record says;
    /// without one nobody knows, and what it may have reserved in a minute or a day stays so until that is over.
    /// </summary>
    public void Release(Reservation reservation)
    {
        foreach (var subject in reservation.Subjects)
        {
            if (subject.Limits.HasTotals)
            {
                Totals.Add(new(subject, reservation, 0, 0, 0, 0) { IsUnknown = true });
            }
        }
    }

    /// <summary>Takes what can be told at once, at most so many totals; what is left stays here, with <see cref="Taken"/>.</summary>
    public Ledger Take(int most)
    {
        if (Totals.Count <= most)
        {
            return this;
        }

        var taken = new Ledger { Windows = Windows, Totals = Totals[..most], Books = Books };
        (Windows, Totals, Books) = ([], Totals[most..], []);
        return taken;
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
    internal readonly record struct TotalChange(Subject Subject, Reservation Reservation, long MoreTokens, long MoreMoney, long Tokens, long Money)
    {
        /// <summary>Whether it is not known if the request was let in, and what was reserved for it.</summary>
        public bool IsUnknown { get; init; }
    }
}
