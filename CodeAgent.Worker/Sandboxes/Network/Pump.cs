using System.Net.Sockets;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>Passes bytes between two connections, both ways.</summary>
internal static class Pump
{
    private const int PieceSize = 32 * 1024;

    /// <summary>Until both sides have said all they had to say, or one is gone. The end of one direction is passed on as such.</summary>
    public static async Task RunAsync(Socket one, Socket other, CancellationToken cancellationToken)
    {
        using var gone = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        await Task.WhenAll(CopyAsync(one, other, gone), CopyAsync(other, one, gone));
    }

    private static async Task CopyAsync(Socket from, Socket to, CancellationTokenSource gone)
    {
        var piece = new byte[PieceSize];
        try
        {
            while (await from.ReceiveAsync(piece, gone.Token) is > 0 and var length)
            {
                for (var sent = 0; sent < length;)
                {
                    sent += await to.SendAsync(piece.AsMemory(sent, length - sent), gone.Token);
                }
            }

            to.Shutdown(SocketShutdown.Send);
        }
        catch (Exception e) when (e is SocketException or OperationCanceledException or ObjectDisposedException)
        {
            // Nobody is left to hear the other direction either.
            await gone.CancelAsync();
        }
    }
}
