using System.Globalization;
using System.Net;
using System.Net.Sockets;

namespace CodeAgent.AppHost.Settings;

/// <summary>Ports on 127.0.0.1. In the settings, 0 stands for any free one.</summary>
/// <param name="Api">3456 by default.</param>
/// <param name="Gateway">4000 by default.</param>
/// <param name="Dashboard">18888 by default.</param>
/// <param name="Otlp">Where the dashboard takes telemetry by gRPC; 4317 by default.</param>
/// <param name="Redis">Of the embedded server; any free one by default.</param>
internal sealed record Ports(int Api, int Gateway, int Dashboard, int Otlp, int Redis)
{
    private const string Section = "Ports";

    /// <exception cref="SettingsException">A port is no number from 0 to 65535.</exception>
    public static Ports Read(IConfiguration configuration) => new(
        Read(configuration, nameof(Api), 3456),
        Read(configuration, nameof(Gateway), 4000),
        Read(configuration, nameof(Dashboard), 18888),
        Read(configuration, nameof(Otlp), 4317),
        Read(configuration, nameof(Redis), 0));

    /// <summary>Checks that nobody listens where we are about to. A process in the way is named by its port, never ended.</summary>
    /// <exception cref="SettingsException">Somebody does.</exception>
    public void Check(bool dashboard, bool embeddedRedis)
    {
        (string Name, int Port, bool Needed)[] ports =
        [
            (nameof(Api), Api, true),
            (nameof(Gateway), Gateway, true),
            (nameof(Dashboard), Dashboard, dashboard),
            (nameof(Otlp), Otlp, dashboard),
            (nameof(Redis), Redis, embeddedRedis),
        ];
        var taken = ports.Where(port => port.Needed && IsTaken(port.Port)).ToArray();
        if (taken.Length > 0)
        {
            throw new SettingsException(string.Join(System.Environment.NewLine, taken.Select(port =>
                $"Port {port.Port} is in use. Is CodeAgent running already? Otherwise choose another with --{Section}:{port.Name} PORT (0: any free one).")));
        }
    }

    private static int Read(IConfiguration configuration, string name, int usual)
    {
        var text = configuration[$"{Section}:{name}"];
        if (string.IsNullOrWhiteSpace(text))
        {
            text = usual.ToString(CultureInfo.InvariantCulture);
        }

        if (!int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var port) || port > IPEndPoint.MaxPort)
        {
            throw new SettingsException($"{Section}:{name} is '{text}'; it must be a number from 0 to {IPEndPoint.MaxPort}.");
        }

        return port == 0 ? Free() : port;
    }

    /// <summary>A port that nobody listens on now.</summary>
    public static int Free()
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        socket.Bind(new IPEndPoint(IPAddress.Loopback, 0));
        return ((IPEndPoint)socket.LocalEndPoint!).Port;
    }

    // As Kestrel binds: a port in TIME_WAIT is free, one that somebody listens on is not.
    private static bool IsTaken(int port)
    {
        using var socket = new Socket(AddressFamily.InterNetwork, SocketType.Stream, ProtocolType.Tcp);
        try
        {
            socket.Bind(new IPEndPoint(IPAddress.Loopback, port));
            socket.Listen();
            return false;
        }
        catch (SocketException e) when (e.SocketErrorCode is SocketError.AddressAlreadyInUse or SocketError.AccessDenied)
        {
            return true;
        }
    }
}
