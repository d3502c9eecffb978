using System.Threading.Channels;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.Api.Audit;

/// <summary>
/// Writes entries beside the requests, many at once. There is room for some thousands that wait; what finds none is lost, and
/// the log says how many these were. While Redis is away, what has room waits.
/// </summary>
internal sealed partial class AuditWriter(AuditLog log, ConfigFile<ApiConfig> config, TimeProvider time, ILogger<AuditWriter> logger) : BackgroundService
{
    internal const int Capacity = 10_000;
    private const int Batch = 500;
    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Channel<AuditEntry> _waiting = Channel.CreateBounded<AuditEntry>(new BoundedChannelOptions(Capacity) { SingleReader = true });
    private readonly List<AuditEntry> _batch = [];
    private int _lost;
    private Task? _rest;

    /// <summary>Takes an entry; never waits.</summary>
    public void Write(AuditEntry entry)
    {
        if (!_waiting.Writer.TryWrite(entry))
        {
            Interlocked.Increment(ref _lost);
        }
    }

    protected override async Task ExecuteAsync(CancellationToken stoppingToken)
    {
        while (await _waiting.Reader.WaitToReadAsync(stoppingToken))
        {
            Take();
            while (!await TryWriteAsync())
            {
                await Task.Delay(Pause, time, stoppingToken);
            }
        }
    }

    /// <summary>Writes what waits; what cannot be written now is said in the service's own log.</summary>
    public override async Task StopAsync(CancellationToken cancellationToken)
    {
        await base.StopAsync(cancellationToken);
        Task rest;
        lock (_batch)
        {
            // A service may be told to stop by two at a time: neither goes on before all is written, and it is written once.
            rest = _rest ??= WriteRestAsync();
        }

        await rest;
    }

    private async Task WriteRestAsync()
    {
        for (Take(); _batch.Count > 0; Take())
        {
            if (!await TryWriteAsync())
            {
                LogLost(_batch.Count + _waiting.Reader.Count);
                return;
            }
        }
    }

    private void Take()
    {
        while (_batch.Count < Batch && _waiting.Reader.TryRead(out var entry))
        {
            _batch.Add(entry);
        }

        if (Interlocked.Exchange(ref _lost, 0) is > 0 and var lost)
        {
            LogLost(lost);
            _batch.Add(new()
            {
                At = time.GetUtcNow(),
                Subject = "audit",
                Action = "overflow",
                Status = StatusCodes.Status507InsufficientStorage,
                Note = $"{lost} entries got lost: more came than could be written.",
            });
        }
    }

    private async Task<bool> TryWriteAsync()
    {
        try
        {
            await log.AppendAsync(_batch, config.Current.Audit.Keep);
            _batch.Clear();
            return true;
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name, _waiting.Reader.Count);
            return false;
        }
    }

    [LoggerMessage(LogLevel.Error, "{Count} entries of the audit log got lost: more came than could be written")]
    private partial void LogLost(int count);

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); {Count} entries of the audit log wait for it")]
    private partial void LogAway(string error, int count);
}
