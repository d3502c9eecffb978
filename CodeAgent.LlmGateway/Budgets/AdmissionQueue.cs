using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// Lets requests in by one script at a time for many of them: those that come while one is under way go together in the next. So
/// a request alone waits for one round trip, and a thousand at once for two, which is all that Redis is asked.
/// </summary>
internal sealed class AdmissionQueue(IConnectionMultiplexer redis, GatewayId gateway, IOptions<RedisPatienceOptions> patience, TimeProvider time)
{
    private const int LargestBatch = 128;
    private const int LongestQueue = 20_000;
    private readonly Lock _gate = new();
    private List<Waiting> _next = [];
    private bool _isRunning;

    /// <summary>Asks for a reservation, and notes in it what became of it.</summary>
    /// <param name="reservation">What is to be reserved.</param>
    /// <param name="lifetime">How long it stands at most, if this gateway dies before it is settled.</param>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">503: Redis does not answer, and nobody is let in.</exception>
    public Task ReserveAsync(Reservation reservation, TimeSpan lifetime)
    {
        if (!redis.IsConnected)
        {
            throw RedisPatience.Away();
        }

        var waiting = new Waiting(reservation, lifetime);
        lock (_gate)
        {
            if (_next.Count >= LongestQueue)
            {
                throw RedisPatience.Away();
            }

            _next.Add(waiting);
            if (_isRunning)
            {
                return waiting.Task;
            }

            _isRunning = true;
        }

        // Whoever comes first starts the round; it serves others too, so nothing of this request's may flow into it.
        using (ExecutionContext.SuppressFlow())
        {
            _ = RunAsync();
        }

        return waiting.Task;
    }

    private async Task RunAsync()
    {
        List<Waiting> batch = [];
        while (true)
        {
            lock (_gate)
            {
                if (_next.Count == 0)
                {
                    _isRunning = false;
                    return;
                }

                (batch, _next) = (_next, batch);
            }

            for (var from = 0; from < batch.Count; from += LargestBatch)
            {
                await RunAsync(batch.GetRange(from, Math.Min(LargestBatch, batch.Count - from)));
            }

            batch.Clear();
        }
    }

    private async Task RunAsync(List<Waiting> batch)
    {
        Task<RedisResult>? sent = null;
        List<Subject> subjects = [];
        try
        {
            (var keys, var values, subjects) = AdmissionBatch.Write(batch, gateway);
            var result = await redis.WithinAsync(patience.Value.AnswerWithin, time, database => sent = BudgetScripts.Reserve.RunQuietlyAsync(database, keys, values));
            AdmissionBatch.Read(batch, subjects, (RedisResult[])result!);
            foreach (var waiting in batch)
            {
                waiting.SetResult();
            }
        }
        catch (Exception e)
        {
            // Whatever it was, each of them is told: a request that waits for ever would be worse than any error.
            var answered = sent is null ? null : AnsweredAsync(batch, subjects, sent);
            foreach (var waiting in batch)
            {
                waiting.Reservation.Answered = answered;
                waiting.TrySetException(e);
            }
        }
    }

    /// <summary>What nobody waits for any longer may have been reserved all the same.</summary>
    private static async Task<bool> AnsweredAsync(List<Waiting> batch, List<Subject> subjects, Task<RedisResult> sent)
    {
        try
        {
            AdmissionBatch.Read(batch, subjects, (RedisResult[])(await sent)!);
            return true;
        }
        catch (Exception e) when (e is RedisException or TimeoutException or ObjectDisposedException)
        {
            // Said to whoever waited, and not to be known any more.
            return false;
        }
    }

    internal sealed class Waiting(Reservation reservation, TimeSpan lifetime) : TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously)
    {
        public Reservation Reservation { get; } = reservation;

        public TimeSpan Lifetime { get; } = lifetime;
    }
}
