using System.Net;
using System.Net.Sockets;
using System.Text;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>The only way out of a sandbox's own network: an HTTP proxy that connects to what is allowed and to nothing else.</summary>
/// <param name="allowed">What is allowed.</param>
/// <param name="gateway">The gateway, as it is reached from here. Some programs go to it through the proxy, whatever <c>NO_PROXY</c> says.</param>
/// <param name="refusedAsync">Told of each refusal, as <c>host:port</c>.</param>
internal sealed class AllowProxy(AllowList allowed, IPEndPoint gateway, Func<string, CancellationToken, Task> refusedAsync)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Speaks with one connection.</summary>
    public async Task HandleAsync(Socket from, CancellationToken cancellationToken)
    {
        if (await ProxyRequest.ReadAsync(from, cancellationToken) is not { } request)
        {
            await AnswerAsync(from, "400 Bad Request", "This proxy takes CONNECT and requests for http:// addresses.", cancellationToken);
            return;
        }

        using var to = await ConnectAsync(from, request, cancellationToken);
        if (to is null)
        {
            return;
        }

        if (request.IsTunnel)
        {
            await SendAsync(from, "HTTP/1.1 200 Connection established\r\n\r\n"u8.ToArray(), cancellationToken);
        }

        await SendAsync(to, request.Head, cancellationToken);
        await SendAsync(to, request.Rest, cancellationToken);
        await Pump.RunAsync(from, to, cancellationToken);
    }

    private async Task<Socket?> ConnectAsync(Socket from, ProxyRequest request, CancellationToken cancellationToken)
    {
        var what = $"{request.Host}:{request.Port}";
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            if (request is { Port: LeasePassages.GatewayPort, Host: "127.0.0.1" or "localhost" })
            {
                return await ConnectAsync([gateway.Address], gateway.Port, limit.Token);
            }

            var addresses = await allowed.FindAsync(request.Host, request.Port, limit.Token);
            if (addresses.Count == 0)
            {
                await AnswerAsync(from, "403 Forbidden", $"{what} is not on the list of what programs of this sandbox may reach (sandbox.network.allow in config/worker.yaml).", cancellationToken);
                await refusedAsync(what, cancellationToken);
                return null;
            }

            // To the addresses that were looked at, not to what the name leads to a moment later.
            return await ConnectAsync(addresses, request.Port, limit.Token);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException && !cancellationToken.IsCancellationRequested)
        {
            await AnswerAsync(from, "502 Bad Gateway", $"{what} cannot be reached: {e.Message}", cancellationToken);
            return null;
        }
    }

    private static async Task<Socket> ConnectAsync(IReadOnlyList<IPAddress> addresses, int port, CancellationToken cancellationToken)
    {
        SocketException? failure = null;
        foreach (var address in addresses)
        {
            var socket = new Socket(address.AddressFamily, SocketType.Stream, ProtocolType.Tcp) { NoDelay = true };
            try
            {
                await socket.ConnectAsync(address, port, cancellationToken);
                return socket;
            }
            catch (Exception e)
            {
                socket.Dispose();
                failure = e as SocketException;
                if (failure is null)
                {
                    throw;
                }
            }
        }

        throw failure!;
    }

    private static Task AnswerAsync(Socket to, string status, string text, CancellationToken cancellationToken) => SendAsync(to, Encoding.UTF8.GetBytes(
        $"HTTP/1.1 {status}\r\nContent-Type: text/plain; charset=utf-8\r\nContent-Length: {Encoding.UTF8.GetByteCount(text) + 1}\r\nConnection: close\r\n\r\n{text}\n"), cancellationToken);

    private static async Task SendAsync(Socket to, byte[] bytes, CancellationToken cancellationToken)
    {
        for (var sent = 0; sent < bytes.Length;)
        {
            sent += await to.SendAsync(bytes.AsMemory(sent), cancellationToken);
        }
    }
}
