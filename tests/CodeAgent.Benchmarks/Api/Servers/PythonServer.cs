using System.Text.Json;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Machine;
using CodeAgent.ServiceDefaults.Identity;
using StackExchange.Redis;

namespace CodeAgent.Benchmarks.Api.Servers;

/// <summary>A server in Python with the same endpoints; its source is beside this program.</summary>
internal abstract class PythonServer(RedisServer redis, int database) : TaskServer(redis, database)
{
    protected const string Python = "/usr/bin/python3";

    /// <summary>Python that prints the versions of what it needs.</summary>
    protected abstract string Versions { get; }

    /// <summary>The packages of Debian's that it needs.</summary>
    protected abstract string Packages { get; }

    /// <summary>What <see cref="Versions"/> printed.</summary>
    protected string Found { get; private set; } = "";

    protected static string Folder => Places.Beside("Api/Python");

    protected abstract string[] Command { get; }

    public override async Task StartAsync(MockContender mock, CancellationToken stop)
    {
        var (code, output) = await Tool.TryRunAsync(Python, ["-c", Versions], stop);
        if (code != 0)
        {
            throw new SkippedException($"it needs: apt-get install {Packages}");
        }

        Found = output.Trim();
        Bearer = Secret.NewKey();
        await WithRedisAsync(redis => redis.StringSetAsync($"key:{Secret.Hash(Bearer)}", """{"name":"benchmark","scopes":["read","submit"]}"""));
        await StartAsync(Command, stop, new Dictionary<string, string>
        {
            ["REDIS_PORT"] = $"{RedisPort}",
            ["REDIS_DATABASE"] = $"{Database}",
            ["UPSTREAM"] = $"http://127.0.0.1:{mock.Port}",
            ["PYTHONDONTWRITEBYTECODE"] = "1",
        });
    }

    // It has no leases: what a worker would have said is written as it would be stored.
    public override async Task TellAsync(IReadOnlyList<Guid> tasks, int events, CancellationToken stop)
    {
        RedisValue[] lines = [.. Enumerable.Range(2, events).Select(number => (RedisValue)JsonSerializer.Serialize(new
        {
            number,
            at = TimeProvider.System.GetUtcNow(),
            type = "agent.message",
            attempt = 1,
            data = ScriptedWorker.Data,
        }))];
        await WithRedisAsync(redis => Task.WhenAll(tasks.Select(task => redis.ListRightPushAsync($"task:{task}:events", lines))));
    }
}

/// <summary>A synchronous server, as the one that CodeAgent replaces.</summary>
internal sealed class FlaskServer(RedisServer redis, int database) : PythonServer(redis, database)
{
    public override string Key => "flask";

    public override string Title => "Flask";

    public override string Description => $"{Found}: Flask's own server with a thread for each connection, calls that block it, no telemetry, no log";

    protected override string Versions => """
        import platform, flask, werkzeug, redis, requests
        print(f"Python {platform.python_version()}, Flask {flask.__version__}, Werkzeug {werkzeug.__version__}, redis {redis.__version__}, requests {requests.__version__}")
        """;

    protected override string Packages => "python3-flask python3-redis python3-requests";

    protected override string[] Command => [Python, Path.Combine(Folder, "flask_server.py"), $"{Port}"];
}

/// <summary>An asynchronous server in Python.</summary>
/// <param name="redis">The redis-server.</param>
/// <param name="database">Its own database there.</param>
/// <param name="workers">Processes that share its port.</param>
internal sealed class FastApiServer(RedisServer redis, int database, int workers) : PythonServer(redis, database)
{
    public override string Key => $"fastapi-{workers}";

    public override string Title => $"FastAPI, {workers} process{(workers == 1 ? "" : "es")}";

    public override string Description => $"{Found}, httptools; {workers} process{(workers == 1 ? "" : "es")}, redis.asyncio, no telemetry, no log";

    protected override string Versions => """
        import platform, fastapi, httpx, httptools, uvicorn, uvloop, redis
        print(f"Python {platform.python_version()}, FastAPI {fastapi.__version__}, httpx {httpx.__version__}, redis {redis.__version__}, uvicorn {uvicorn.__version__}, uvloop {uvloop.__version__}")
        """;

    protected override string Packages => "python3-fastapi python3-uvicorn python3-uvloop python3-httpx python3-httptools python3-redis";

    protected override string[] Command =>
    [
        Python, "-m", "uvicorn", "fastapi_server:app", "--app-dir", Folder, "--host", "127.0.0.1", "--port", $"{Port}",
        "--workers", $"{workers}", "--loop", "uvloop", "--http", "httptools", "--no-access-log", "--log-level", "warning",
    ];
}
