using System.Threading.Channels;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// Tells Redis what requests used, behind the answers' backs. What Redis does not take is told again until it does, in batches
/// with a number each, so that none counts twice where only the answer got lost.
/// </summary>
internal sealed partial class SettlementQueue(
    IConnectionMultiplexer redis, GatewayId gateway, ConfigFile<GatewayConfig> file, TimeProvider time, ILogger<SettlementQueue> logger) : BackgroundService
{
    // While many requests end, they are told of together.
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(5);
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);
    private static readonly TimeSpan BeforeRetry = TimeSpan.FromMilliseconds(250);
    private static readonly TimeSpan Farewell = TimeSpan.FromSeconds(3);

    private const int MostTotals = 1000;

    private readonly Lock _gate = new();
    private readonly Channel<bool> _signal = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite, SingleReader = true });
    // Not disposed of: a host that is disposed of twice at once would pull it away from under the last batch. It holds no handle.
    private readonly SemaphoreSlim _sending = new(1);
    private Ledger _ledger = new();
    private Ledger? _underWay;
    private long _number;
    private bool _isAway;

    /// <summary>Notes what a request used.</summary>
    /// <param name="reservation">What was reserved for it; null where nothing was.</param>
    /// <param name="account">For whom it is booked.</param>
    /// <param name="booking">What is booked.</param>
    public void Settle(Reservation? reservation, Account account, in Booking booking)
    {
        var day = DateOnly.FromDateTime(time.GetUtcNow().UtcDateTime);
        lock (_gate)
        {
            if (reservation is not null)
            {
                _ledger.Settle(reservation, booking.Usage.Total, booking.Picos);
            }

            _ledger.Book(day, account, booking);
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Gives back all that was reserved for a request that went no further.</summary>
    /// <param name="reservation">The reservation, sent and not answered in time.</param>
    /// <param name="answered">Whether Redis has said by now what became of it.</param>
    public void GiveBack(Reservation reservation, bool answered)
    {
        if (answered && reservation.Verdict != Verdict.Admitted)
        {
            return;
        }

        lock (_gate)
        {
            if (answered)
            {
                _ledger.Settle(reservation, 0, 0);
            }
            else
            {
                _ledger.Release(reservation);
            }
        }

        _signal.Writer.TryWrite(true);
    }

    /// <summary>Waits until Redis has taken what was noted by now.</summary>
    /// <returns>False where it did not within <paramref name="patience"/>.</returns>
    public async Task<bool> FlushAsync(TimeSpan patience)
    {
        Task taken;
        lock (_gate)
        {
            if (_ledger.IsEmpty && _underWay is null)
            {
                return true;
            }

            taken = _ledger.IsEmpty ? _underWay!.Taken.Task : _ledger.Taken.Task;
        }

        await Task.WhenAny(taken, Task.Delay(patience, time));
        return taken.IsCompleted;
    }

    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);

        // Not within the time that the answers under way were given, which may be used up: they are what is to be told of.
        using var farewell = new CancellationTokenSource(Farewell, time);
        try
        {
            while (await SendAsync(farewell.Token))
            {
                // Until nothing is left.
            }
        }
        catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
        {
            // The time is up, or, where the host is disposed while it stops, the client of Redis is gone.
            LogLost(_underWay?.Books.Count ?? 0);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        try
        {
            await foreach (var _ in _signal.Reader.ReadAllAsync(stoppingToken))
            {
                await SendAsync(stoppingToken);
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
        catch (OperationCanceledException) when (stoppingToken.IsCancellationRequested)
        {
            // What is left is told in StopAsync.
        }
    }

    /// <summary>Sends what was noted by now. One batch at a time: a host that is stopped twice must not send it twice.</summary>
    /// <returns>False where there was nothing.</returns>
    private async Task<bool> SendAsync(CancellationToken cancellationToken)
    {
        await _sending.WaitAsync(cancellationToken);
        try
        {
            return await SendNextAsync(cancellationToken);
        }
        finally
        {
            _sending.Release();
        }
    }

    private async Task<bool> SendNextAsync(CancellationToken cancellationToken)
    {
        lock (_gate)
        {
            if (_underWay is null)
            {
                if (_ledger.IsEmpty)
                {
                    return false;
                }

                // A script is not interrupted: one that is too long would keep all others waiting.
                _underWay = _ledger.Take(MostTotals);
                _ledger = _underWay == _ledger ? new() : _ledger;
                _number++;
                if (!_ledger.IsEmpty)
                {
                    _signal.Writer.TryWrite(true);
                }
            }
        }

        var (keys, values) = SettlementBatch.Write(_underWay, gateway, _number, file.Current.Usage.Keep);
        while (true)
        {
            cancellationToken.ThrowIfCancellationRequested();
            try
            {
                await BudgetScripts.Settle.RunQuietlyAsync(redis.GetDatabase(), keys, values).WaitAsync(Patience, time, cancellationToken);
                break;
            }
            catch (RedisServerException e) when (!e.MeansRedisIsAway())
            {
                // Told again, it would be refused again, and everything after it would wait for ever.
                LogRefused(e, _underWay.Books.Count);
                break;
            }
            catch (Exception e) when (e is RedisException or TimeoutException)
            {
                if (!_isAway)
                {
                    LogAway(e);
                }

                _isAway = true;
                await Task.Delay(BeforeRetry, time, cancellationToken);
            }
        }

        if (_isAway)
        {
            _isAway = false;
            LogBack();
        }

        _underWay.Taken.SetResult();
        lock (_gate)
        {
            _underWay = null;
        }

        return true;
    }

    [LoggerMessage(LogLevel.Warning, "What requests used cannot be booked just now; it is kept here and booked as soon as Redis takes it")]
    private partial void LogAway(Exception exception);

    [LoggerMessage(LogLevel.Error, "Redis refuses to book what requests used; the books lack {Accounts} accounts")]
    private partial void LogRefused(Exception exception, int accounts);

    [LoggerMessage(LogLevel.Information, "What requests used meanwhile is booked")]
    private partial void LogBack();

    [LoggerMessage(LogLevel.Error, "The gateway stops, and Redis did not take what requests used last: the books lack {Accounts} accounts")]
    private partial void LogLost(int accounts);
}
