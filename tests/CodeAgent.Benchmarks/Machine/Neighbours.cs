using System.Globalization;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>
/// The other programs of this machine. A figure that was taken while one of them worked says little, so each load waits for
/// quiet, and runs again where it was disturbed.
/// </summary>
/// <param name="budget">How much time that may cost in all; after that, things are measured as they are.</param>
internal sealed class Neighbours(TimeSpan budget)
{
    private const double Quiet = 0.15;
    private const int Attempts = 3;
    private static readonly TimeSpan Look = TimeSpan.FromMilliseconds(400);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);
    private readonly ProcessTree _own = new(Environment.ProcessId);
    private readonly List<double> _shares = [];
    private TimeSpan _left = budget;

    /// <summary>The share of the processor time that others took during each load that counts.</summary>
    public IReadOnlyList<double> Shares => _shares;

    /// <summary>Runs something, again if others took much of the machine meanwhile; what the quietest attempt gives counts.</summary>
    public async Task<T> RunAsync<T>(Func<Task<T>> run, CancellationToken stop)
    {
        var (best, least) = (default(T)!, double.PositiveInfinity);
        for (var attempt = 0; attempt == 0 || (attempt < Attempts && least > Quiet && _left > TimeSpan.Zero); attempt++)
        {
            await WaitAsync(stop);
            var (begun, before) = (TimeProvider.System.GetTimestamp(), await ReadAsync(stop));
            var found = await run();
            var share = Share(before, await ReadAsync(stop));
            (best, least) = share < least ? (found, share) : (best, least);
            _left -= attempt > 0 ? TimeProvider.System.GetElapsedTime(begun) : TimeSpan.Zero;
        }

        _shares.Add(least);
        return best;
    }

    private async Task WaitAsync(CancellationToken stop)
    {
        for (var waited = TimeSpan.Zero; waited < Patience && _left > TimeSpan.Zero; waited += Look)
        {
            var before = await ReadAsync(stop);
            await Task.Delay(Look, stop);
            if (Share(before, await ReadAsync(stop)) < Quiet)
            {
                return;
            }

            _left -= Look;
        }
    }

    private async Task<(double Total, double Foreign)> ReadAsync(CancellationToken stop)
    {
        // cpu  user nice system idle iowait irq softirq steal …; what another guest of the host takes counts as foreign too.
        double[] times = [.. (await File.ReadAllLinesAsync("/proc/stat", stop))[0].Split(' ', StringSplitOptions.RemoveEmptyEntries)[1..9]
            .Select(time => double.Parse(time, CultureInfo.InvariantCulture) / ProcessTree.TicksPerSecond)];
        var own = await _own.ReadAsync();
        return (times.Sum(), times.Sum() - times[3] - times[4] - own.CpuSeconds - own.EndedCpuSeconds);
    }

    private static double Share((double Total, double Foreign) before, (double Total, double Foreign) after) =>
        (after.Foreign - before.Foreign) / (after.Total - before.Total);
}
