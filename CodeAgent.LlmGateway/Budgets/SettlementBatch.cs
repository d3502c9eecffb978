using System.Globalization;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>The words of <see cref="BudgetScripts.Settle"/>.</summary>
internal static class SettlementBatch
{
    private static readonly RedisValue Unknown = "?";
    private static readonly TimeSpan KeepNumber = TimeSpan.FromDays(1);

    public static (RedisKey[] Keys, RedisValue[] Values) Write(Ledger ledger, GatewayId gateway, long number, TimeSpan keepBooks)
    {
        List<Subject> subjects = [];
        Dictionary<RedisKey, int> places = [];
        List<RedisValue> changes = [];
        foreach (var ((subject, minute, day), change) in ledger.Windows)
        {
            changes.AddRange([Place(subject), minute, day, change.Tokens, change.Money, change.TokensAbove, change.MoneyAbove]);
        }

        foreach (var change in ledger.Totals)
        {
            changes.AddRange([Place(change.Subject), gateway.Name(change.Reservation), change.IsUnknown ? Unknown : change.MoreTokens, change.MoreMoney, change.Tokens, change.Money]);
        }

        List<RedisKey> books = [];
        Dictionary<(DateOnly, int), int> bookPlaces = [];
        var entries = 0;
        foreach (var ((day, account), sums) in ledger.Books)
        {
            Enter(day, 0, account.Key, sums);
            Enter(day, 1, account.Model, sums);
            if (account.Task is { } task)
            {
                Enter(day, 2, task.ToString(), sums);
            }
        }

        RedisKey[] keys = [BudgetKeys.Settled(gateway.Value), .. subjects.SelectMany(subject => new[] { subject.Used, subject.Open }), .. books];
        RedisValue[] values =
        [
            number, Milliseconds(KeepNumber), subjects.Count, ledger.Windows.Count, ledger.Totals.Count, books.Count, entries, Milliseconds(keepBooks),
            .. subjects.SelectMany(subject => new[] { subject.Has, subject.Keep }), .. changes,
        ];
        return (keys, values);

        int Place(Subject subject)
        {
            if (!places.TryGetValue(subject.Used, out var place))
            {
                subjects.Add(subject);
                places[subject.Used] = place = subjects.Count;
            }

            return place;
        }

        void Enter(DateOnly day, int side, string name, BookSums sums)
        {
            if (!bookPlaces.TryGetValue((day, side), out var place))
            {
                books.Add(BudgetKeys.Books(day, UsageBooks.Sides[side]));
                bookPlaces[(day, side)] = place = books.Count;
            }

            for (var i = 0; i < BookSums.Names.Length; i++)
            {
                if (sums[i] != 0)
                {
                    changes.AddRange([place, $"{name}|{BookSums.Names[i]}", sums[i]]);
                    entries++;
                }
            }
        }
    }

    private static RedisValue Milliseconds(TimeSpan span) => ((long)span.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
}
