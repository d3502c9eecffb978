using System.Diagnostics;
using System.Globalization;

namespace CodeAgent.Testing.Redis;

/// <summary>A <c>redis-server</c> that can be paused and killed.</summary>
internal sealed class RedisProcess : IAsyncDisposable
{
    private readonly string[] _options;
    private Process _process;

    private RedisProcess(int port, string[] options) => (Port, _options, _process) = (port, options, Start(port, options));

    public int Port { get; }

    public string EndPoint => $"127.0.0.1:{Port}";

    /// <summary>Starts one; null where the program is not on the PATH.</summary>
    /// <param name="folder">Where it keeps its append-only file, written at each command; it keeps none if this is null.</param>
    /// <param name="master">The port of the one that it is a replica of, if it is.</param>
    public static RedisProcess? Start(string? folder = null, int? master = null)
    {
        string[] file = folder is null ? ["--appendonly", "no"] : ["--appendonly", "yes", "--appendfsync", "always", "--dir", folder];
        string[] replica = master is { } of ? ["--replicaof", "127.0.0.1", of.ToString(CultureInfo.InvariantCulture)] : [];
        try
        {
            return new(FreePort.Next(), [.. file, .. replica]);
        }
        catch (System.ComponentModel.Win32Exception)
        {
            return null;
        }
    }

    /// <summary>Starts it again, where it was and with its file, after it was killed.</summary>
    public void Restart()
    {
        _process.Dispose();
        _process = Start(Port, _options);
    }

    /// <summary>Its connections stand, and nothing is answered any more.</summary>
    public Task PauseAsync() => SignalAsync("-STOP");

    /// <summary>Goes on.</summary>
    public Task ResumeAsync() => SignalAsync("-CONT");

    public async Task KillAsync()
    {
        _process.Kill();
        await _process.WaitForExitAsync();
    }

    public async ValueTask DisposeAsync()
    {
        await KillAsync();
        _process.Dispose();
    }

    private async Task SignalAsync(string signal)
    {
        using var kill = Process.Start("kill", [signal, _process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync();
        if (kill.ExitCode != 0)
        {
            throw new InvalidOperationException($"kill {signal} answered {kill.ExitCode}.");
        }
    }

    private static Process Start(int port, string[] options)
    {
        var process = Process.Start(new ProcessStartInfo("redis-server",
            ["--bind", "127.0.0.1", "--port", port.ToString(CultureInfo.InvariantCulture), "--save", "", "--repl-diskless-sync-delay", "0", .. options])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = Path.GetTempPath(),
        })!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        return process;
    }
}
