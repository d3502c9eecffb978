using System.Globalization;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>The books: what was used, by day and by key, model or task.</summary>
internal sealed class UsageBooks(IConnectionMultiplexer redis, TimeProvider time)
{
    /// <summary>What the books can be asked by.</summary>
    public static readonly string[] Sides = ["key", "model", "task"];

    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(5);
    private static readonly Dictionary<string, int> Places = BookSums.Names.Select((name, place) => (name, place)).ToDictionary(pair => pair.name, pair => pair.place);

    /// <summary>The sums by name.</summary>
    /// <param name="by">One of <see cref="Sides"/>.</param>
    /// <param name="from">The first day.</param>
    /// <param name="to">The last day.</param>
    public async Task<IReadOnlyDictionary<string, BookSums>> ReadAsync(string by, DateOnly from, DateOnly to)
    {
        Dictionary<string, BookSums> found = [];
        for (var day = from; day <= to; day = day.AddDays(1))
        {
            var key = BudgetKeys.Books(day, by);
            foreach (var entry in await redis.WithinAsync(Patience, time, database => database.HashGetAllAsync(key)))
            {
                // NAME|COUNT, and a name can hold anything.
                var field = entry.Name.ToString();
                var bar = field.LastIndexOf('|');
                if (!Places.TryGetValue(field[(bar + 1)..], out var place))
                {
                    // A count that a newer gateway keeps.
                    continue;
                }

                var name = field[..bar];
                if (!found.TryGetValue(name, out var sums))
                {
                    found[name] = sums = new();
                }

                sums.Add(place, long.Parse(entry.Value.ToString(), CultureInfo.InvariantCulture));
            }
        }

        return found;
    }
}
