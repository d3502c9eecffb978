using System.Collections.Concurrent;
using CodeAgent.Api.Events;
using CodeAgent.Api.Operations;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Options;

namespace CodeAgent.Api.Status;

/// <summary>A feed for each tenant, and one for the house, whose status counts everybody's tasks.</summary>
internal sealed partial class StatusFeeds : IDisposable
{
    private readonly ConcurrentDictionary<string, StatusFeed> _feeds = new(StringComparer.Ordinal);
    private readonly StatusReader _reader;
    private readonly TimeProvider _time;
    private readonly TimeSpan _heartbeat;
    private readonly ILogger _logger;

    public StatusFeeds(StatusReader reader, EventHub events, OperationsWatch operations, IOptions<EventOptions> options, TimeProvider time, ILogger<StatusFeeds> logger)
    {
        (_reader, _time, _heartbeat, _logger) = (reader, time, options.Value.Heartbeat, logger);
        events.Changed += Wake;
        operations.Changed += Wake;
    }

    /// <summary>Something may differ.</summary>
    public void Wake()
    {
        foreach (var (_, feed) in _feeds)
        {
            feed.Wake();
        }
    }

    /// <summary>The feed of a tenant; that of the house where it is null. It costs nothing while nobody watches.</summary>
    public StatusFeed Of(string? tenant) => _feeds.GetOrAdd(tenant ?? "", (_, whose) => new(() => TryReadAsync(whose), _heartbeat, _time), tenant);

    public void Dispose()
    {
        foreach (var (_, feed) in _feeds)
        {
            feed.Dispose();
        }
    }

    private async Task<SystemStatus?> TryReadAsync(string? tenant)
    {
        try
        {
            return await _reader.ReadAsync(tenant);
        }
        catch (Exception e) when (e.MeansRedisIsAway())
        {
            LogAway(e.GetType().Name);
        }
        catch (Exception e)
        {
            // All who watch wait for this one reader: what goes wrong once must not end it.
            LogFailed(e);
        }

        return null;
    }

    [LoggerMessage(LogLevel.Warning, "Redis is away ({Error}); streams of the status wait for it")]
    private partial void LogAway(string error);

    [LoggerMessage(LogLevel.Error, "The status could not be read; it is tried again")]
    private partial void LogFailed(Exception e);
}
