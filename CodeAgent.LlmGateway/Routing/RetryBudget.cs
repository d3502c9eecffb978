using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// How many retries a provider may be sent. Each first request earns a part of one, and a few a second are free: however many
/// requests fail, the provider gets hardly more than it would without retries, when it can bear that least.
/// </summary>
/// <remarks>After Finagle's RetryBudget: https://twitter.github.io/finagle/guide/Clients.html#retries.</remarks>
internal sealed class RetryBudget(TimeProvider time)
{
    private const int Seconds = 10;
    private readonly Lock _lock = new();
    private readonly (long Second, int Requests, int Retries)[] _window = new (long, int, int)[Seconds];

    public void Request()
    {
        lock (_lock)
        {
            Now().Requests++;
        }
    }

    /// <summary>Takes one, if there is one left.</summary>
    public bool TryRetry(RetriesConfig config)
    {
        lock (_lock)
        {
            ref var now = ref Now();
            var (requests, retries) = (0, 0);
            foreach (var second in _window)
            {
                if (second.Second > now.Second - Seconds)
                {
                    (requests, retries) = (requests + second.Requests, retries + second.Retries);
                }
            }

            if (retries >= (config.Floor * Seconds) + (config.Budget * requests))
            {
                return false;
            }

            now.Retries++;
            return true;
        }
    }

    private ref (long Second, int Requests, int Retries) Now()
    {
        var second = time.GetTimestamp() / time.TimestampFrequency;
        ref var slot = ref _window[second % Seconds];
        if (slot.Second != second)
        {
            slot = (second, 0, 0);
        }

        return ref slot;
    }
}
