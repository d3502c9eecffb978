using System.Globalization;
using System.Net.Http.Headers;
using System.Net.ServerSentEvents;
using System.Net.Sockets;
using CodeAgent.Api.Tests.Running;

namespace CodeAgent.Api.Tests.Events;

/// <summary>A watcher that takes nothing from its connection before it is told to, and has little room for what comes.</summary>
internal sealed class SlowWatcher : IDisposable
{
    private readonly HttpClient _http;
    private HttpResponseMessage? _answer;

    private SlowWatcher(Uri address)
    {
        _http = new(new SocketsHttpHandler { ActivityHeadersPropagator = null, ConnectCallback = ConnectAsync }) { BaseAddress = address };
        _http.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", ApiServer.ApiKey);
    }

    /// <summary>When the server wants it back, by what it said last.</summary>
    public TimeSpan Reconnect { get; private set; }

    /// <summary>Begins to watch.</summary>
    public static async Task<SlowWatcher> OpenAsync(Uri address, string path, CancellationToken cancellationToken)
    {
        var watcher = new SlowWatcher(address);
        watcher._answer = await watcher._http.GetAsync(path, HttpCompletionOption.ResponseHeadersRead, cancellationToken);
        return watcher;
    }

    /// <summary>Reads on until the connection ends, however it does; the numbers of the events.</summary>
    public async Task<List<long>> ReadAsync(CancellationToken cancellationToken)
    {
        var numbers = new List<long>();
        var parser = SseParser.Create(await _answer!.Content.ReadAsStreamAsync(cancellationToken));
        try
        {
            await foreach (var item in parser.EnumerateAsync(cancellationToken))
            {
                numbers.Add(long.Parse(item.EventId!, CultureInfo.InvariantCulture));
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            // It was cut.
            IsCut = true;
        }

        Reconnect = parser.ReconnectionInterval;
        return numbers;
    }

    /// <summary>Whether the connection ended in the middle.</summary>
    public bool IsCut { get; private set; }

    public void Dispose()
    {
        _answer?.Dispose();
        _http.Dispose();
    }

    private static async ValueTask<Stream> ConnectAsync(SocketsHttpConnectionContext context, CancellationToken cancellationToken)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp) { ReceiveBufferSize = 8 * 1024, NoDelay = true };
        await socket.ConnectAsync(context.DnsEndPoint, cancellationToken);
        return new NetworkStream(socket, ownsSocket: true);
    }
}
