using System.Diagnostics;

namespace CodeAgent.Testing;

/// <summary>Waits for a fact, with a limit.</summary>
internal static class Eventually
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);

    /// <summary>Asks until the answer is not null.</summary>
    /// <exception cref="TimeoutException">It still was when the time was up.</exception>
    public static async Task<T> GetAsync<T>(Func<Task<T?>> ask, TimeSpan limit, string fact)
        where T : class
    {
        var clock = Stopwatch.StartNew();
        while (true)
        {
            if (await ask() is { } answer)
            {
                return answer;
            }

            if (clock.Elapsed > limit)
            {
                throw new TimeoutException($"Not within {limit}: {fact}");
            }

            await Task.Delay(Interval, TestContext.Current.CancellationToken);
        }
    }

    /// <summary>Asks until the answer is yes.</summary>
    /// <exception cref="TimeoutException">It still was no when the time was up.</exception>
    public static Task TrueAsync(Func<Task<bool>> ask, TimeSpan limit, string fact) =>
        GetAsync(async () => await ask() ? fact : null, limit, fact);
}
