using System.Net;
using System.Net.Sockets;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>Ports of the loopback.</summary>
internal static class Ports
{
    /// <summary>One that nobody listens on.</summary>
    public static int Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    public static async Task<bool> ListensAsync(int port, CancellationToken stop)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync(IPAddress.Loopback, port, stop);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
