using System.Diagnostics;
using System.Globalization;
using Garnet;
using StackExchange.Redis;

namespace CodeAgent.Testing.Redis;

/// <summary>A server that speaks RESP, for the tests of one class.</summary>
public abstract class RedisFixture : IAsyncLifetime
{
    protected int Port { get; } = FreePort.Next();

    /// <summary>Why there is none; null where there is one.</summary>
    public string? Unavailable { get; protected set; }

    public string ConnectionString => $"127.0.0.1:{Port},abortConnect=false";

    public IConnectionMultiplexer Client { get; private set; } = null!;

    protected abstract Task StartAsync();

    protected abstract Task StopAsync();

    public async ValueTask InitializeAsync()
    {
        await StartAsync();
        if (Unavailable is null)
        {
            Client = await ConnectionMultiplexer.ConnectAsync(ConnectionString + ",allowAdmin=true");

            // Tests that use it fail with no more than a cancellation when it loses its connection; this is why.
            Client.ConnectionFailed += (_, e) => Console.Error.WriteLine($"The fixture's connection failed: {e.FailureType} {e.ConnectionType} {e.Exception}");
            await Eventually.TrueAsync(AnswersAsync, TimeSpan.FromSeconds(20), "the server answers");
        }
    }

    private async Task<bool> AnswersAsync()
    {
        try
        {
            await Client.GetDatabase().PingAsync();
            return true;
        }
        catch (Exception e) when (e is RedisException or TaskCanceledException)
        {
            return false;
        }
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (Client is not null)
        {
            await Client.DisposeAsync();
        }

        await StopAsync();
    }
}

/// <summary>The Garnet that the AppHost embeds; always there.</summary>
public sealed class GarnetFixture : RedisFixture
{
    private GarnetServer? _server;

    protected override Task StartAsync()
    {
        // Without its transaction mode, Garnet runs scripts of several clients through each other.
        _server = new GarnetServer(
            ["--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--lua", "true", "--lua-transaction-mode", "true"]);
        _server.Start();
        return Task.CompletedTask;
    }

    protected override Task StopAsync()
    {
        _server?.Dispose();
        return Task.CompletedTask;
    }
}

/// <summary>The real thing, where <c>redis-server</c> is on the PATH.</summary>
public sealed class RedisServerFixture : RedisFixture
{
    private Process? _server;

    protected override Task StartAsync()
    {
        try
        {
            _server = Process.Start(new ProcessStartInfo("redis-server",
                ["--bind", "127.0.0.1", "--port", Port.ToString(CultureInfo.InvariantCulture), "--save", "", "--appendonly", "no"])
            {
                RedirectStandardOutput = true,
            })!;
            _server.OutputDataReceived += (_, _) => { };
            _server.BeginOutputReadLine();
        }
        catch (System.ComponentModel.Win32Exception)
        {
            Unavailable = "redis-server is not on the PATH";
        }

        return Task.CompletedTask;
    }

    protected override async Task StopAsync()
    {
        if (_server is not null)
        {
            _server.Kill();
            await _server.WaitForExitAsync();
            _server.Dispose();
        }
    }
}
