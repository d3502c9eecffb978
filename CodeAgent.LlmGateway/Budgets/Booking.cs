using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>Whom and what a request is booked for.</summary>
/// <param name="Key">The id of the key; <see cref="Tasks"/> for all task tokens.</param>
/// <param name="Model">The model by the name it has here.</param>
/// <param name="Task">The task, where a task asked.</param>
internal readonly record struct Account(string Key, string Model, Guid? Task)
{
    public const string Tasks = "tasks";
}

/// <summary>What is booked of a request.</summary>
internal readonly record struct Booking(TokenUsage Usage, long Picos)
{
    public static TokenUsage NoUsage { get; } = new(0, 0, 0, 0);

    public bool IsError { get; init; }

    /// <summary>Whether the provider did not say what was used, so that it was estimated.</summary>
    public bool IsEstimated { get; init; }

    /// <summary>Whether the answer was given from the cache, or again from the record of a turn.</summary>
    public bool IsRepeated { get; init; }
}

/// <summary>Sums of the books.</summary>
internal sealed class BookSums
{
    public static string[] Names { get; } =
        ["requests", "errors", "repeated", "estimated", "input", "cachedInput", "cacheWrite", "output", "reasoning", "picos"];

    private readonly long[] _sums = new long[Names.Length];

    public long this[int index] => _sums[index];

    public long Picos => _sums[^1];

    public void Add(in Booking booking)
    {
        _sums[0]++;
        _sums[1] += booking.IsError ? 1 : 0;
        _sums[2] += booking.IsRepeated ? 1 : 0;
        _sums[3] += booking.IsEstimated ? 1 : 0;
        _sums[4] += booking.Usage.Input;
        _sums[5] += booking.Usage.CachedInput;
        _sums[6] += booking.Usage.CacheWrite;
        _sums[7] += booking.Usage.Output;
        _sums[8] += booking.Usage.Reasoning;
        _sums[9] += booking.Picos;
    }

    public void Add(int index, long count) => _sums[index] += count;

    public void Add(BookSums other)
    {
        for (var i = 0; i < _sums.Length; i++)
        {
            _sums[i] += other._sums[i];
        }
    }
}
