using System.Globalization;
using CodeAgent.AppHost.Settings;
using Garnet;

namespace CodeAgent.AppHost.Redis;

/// <summary>
/// A Garnet in this process, on 127.0.0.1 and behind a password, that keeps what it answered through a kill -9. It is there
/// before anything else starts, and goes when everything else has stopped.
/// </summary>
internal sealed class EmbeddedRedis(AppHostSettings settings) : IHostedLifecycleService, IAsyncDisposable
{
    private readonly string _folder = settings.Data.Redis;
    private FileStream? _lock;
    private GarnetServer? _server;

    public static string ConnectionString(AppHostSettings settings) => $"127.0.0.1:{settings.Ports.Redis},password={settings.Keys.Redis}";

    /// <exception cref="SettingsException">Another process has the folder.</exception>
    public async Task StartingAsync(CancellationToken cancellationToken)
    {
        Directory.CreateDirectory(_folder);
        Directory.CreateDirectory(settings.Data.Logs);
        try
        {
            // Two servers on one log would destroy it. The lock goes with the process, however that ends.
            _lock = new FileStream(Path.Combine(_folder, "lock"), new FileStreamOptions
            {
                Mode = FileMode.OpenOrCreate,
                Access = FileAccess.Write,
                Share = FileShare.None,
                Options = FileOptions.Asynchronous,
            });
        }
        catch (IOException)
        {
            throw new SettingsException($"The Redis data in {_folder} is in use by another CodeAgent. Stop that one, or choose another folder with --Data:Directory FOLDER.");
        }

        // It reads its log back before it listens: seconds, and without a wait to await.
        _server = await Task.Run(() =>
        {
            var server = new GarnetServer(Arguments());
            server.Start();
            return server;
        }, cancellationToken);
    }

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => DisposeAsync().AsTask();

    public async ValueTask DisposeAsync()
    {
        if (_server is { } server)
        {
            await Task.Run(() => server.Dispose(deleteDir: false));
            _server = null;
        }

        if (_lock is not null)
        {
            await _lock.DisposeAsync();
            _lock = null;
        }
    }

    private string[] Arguments() =>
    [
        "--bind", "127.0.0.1",
        "--port", settings.Ports.Redis.ToString(CultureInfo.InvariantCulture),
        "--auth", "Password",
        "--password", settings.Keys.Redis,
        "-q",
        "--disable-console-logger", "true",
        "--file-logger", Path.Combine(settings.Data.Logs, "redis.log"),

        // Without transactions, commands of two scripts would mix: Redis promises that they don't, and we rely on it.
        "--lua", "true",
        "--lua-transaction-mode", "true",

        // An answer leaves when it is on file. Without the wait, up to a dozen answered scripts were lost by a kill -9.
        "--aof", "true",
        "--aof-commit-freq", "0",
        "--aof-commit-wait", "true",
        "--recover", "true",

        // The log ends in a checkpoint every so often, or a restart would read everything that ever happened.
        "--aof-size-limit", "256m",
        "--aof-size-limit-enforce-frequency", "30",
        "--aof-segment-size", "64m",
        "--checkpointdir", _folder,

        // The usual device needs libaio, which a clean machine lacks.
        "--device-type", "RandomAccess",

        // Small at first; it grows.
        "--index", "16m",
        "--index-max-size", "1g",
    ];
}
