using System.Globalization;
using System.Net;
using System.Net.Sockets;
using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>
/// The worker's program in another role, inside of a network that has nothing but itself: listens at ports of its own loopback and
/// passes what comes on to sockets in the file system, which the worker listens at. Ends with its standard input.
/// </summary>
internal static class Bridge
{
    /// <summary>The first argument.</summary>
    public const string Command = "bridge";

    private const int Wrong = 2;

    /// <summary>Waits until one that was started listens.</summary>
    /// <returns>The number of its process, in the process namespace that it is in.</returns>
    /// <exception cref="CommandNotStartedException">It does not.</exception>
    public static async Task<string> ReadyAsync(IRunningCommand bridge, CancellationToken cancellationToken)
    {
        using var output = new StreamReader(bridge.Output, leaveOpen: true);
        var line = await output.ReadLineAsync(cancellationToken);
        if (line?.Split(' ') is ["ready", var id])
        {
            return id;
        }

        using var errors = new StreamReader(bridge.Errors, leaveOpen: true);
        throw new CommandNotStartedException($"The sandbox has no network: {line} {await errors.ReadToEndAsync(cancellationToken)}".TrimEnd());
    }

    /// <summary>Runs it.</summary>
    /// <param name="passages"><c>PORT=SOCKET</c> each.</param>
    public static async Task<int> RunAsync(IReadOnlyList<string> passages)
    {
        var servers = new List<SocketServer>();
        foreach (var passage in passages)
        {
            if (passage.Split('=', 2) is not [var port, var path] || !int.TryParse(port, NumberStyles.None, CultureInfo.InvariantCulture, out var number))
            {
                await Console.Error.WriteLineAsync($"'{passage}' is no PORT=SOCKET.");
                return Wrong;
            }

            servers.Add(SocketServer.Forwarding(new IPEndPoint(IPAddress.Loopback, number), new UnixDomainSocketEndPoint(path)));
        }

        // Whoever wants into this network needs the number of a process that is in it.
        await Console.Out.WriteLineAsync(string.Create(CultureInfo.InvariantCulture, $"ready {Environment.ProcessId}"));
        await Console.In.ReadToEndAsync();
        foreach (var server in servers)
        {
            await server.DisposeAsync();
        }

        return 0;
    }
}
