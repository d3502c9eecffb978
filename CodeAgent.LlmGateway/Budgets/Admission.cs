using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>A request that was let in; to be settled once, whatever becomes of it.</summary>
internal sealed class Admission(SettlementQueue settlements, Account account, Reservation? reservation)
{
    private int _isSettled;

    /// <summary>What the request cost, in US dollars by the configured prices; known once it is settled.</summary>
    public decimal Usd { get; private set; }

    /// <summary>Books what all of its attempts used, and gives back the rest of what was reserved.</summary>
    public void Settle(CallOutcome outcome)
    {
        var (usage, picos) = (Booking.NoUsage, 0L);
        foreach (var attempt in outcome.Billed)
        {
            usage = Plus(usage, attempt.Usage!);
            picos += attempt.Deployment.Pricing?.Tokens.Cost(attempt.Usage!) ?? 0;
        }

        Settle(new Booking(usage, picos) { IsError = outcome.Answered is not { Error: null }, IsEstimated = outcome.IsEstimated });
    }

    /// <summary>Books an answer that no provider was asked for.</summary>
    public void SettleRepetition() => Settle(new Booking(Booking.NoUsage, 0) { IsRepeated = true });

    private void Settle(in Booking booking)
    {
        if (Interlocked.Exchange(ref _isSettled, 1) == 0)
        {
            Usd = TokenPrices.Usd(booking.Picos);
            settlements.Settle(reservation, account, booking);
        }
    }

    private static TokenUsage Plus(TokenUsage one, TokenUsage other) => ReferenceEquals(one, Booking.NoUsage) ? other
        : new(one.Input + other.Input, one.CachedInput + other.CachedInput, one.Output + other.Output, one.Reasoning + other.Reasoning)
        {
            CacheWrite = one.CacheWrite + other.CacheWrite,
            CacheWriteHour = one.CacheWriteHour + other.CacheWriteHour,
        };
}
