using System.Diagnostics;
using System.Net.Sockets;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Testing;

namespace CodeAgent.Api.Tests.Starvation;

/// <summary>The Api in a process of its own, whose thread pool has no more than a few threads.</summary>
internal sealed class ApiProcess : IAsyncDisposable
{
    /// <summary>All that its pool may have.</summary>
    public const int Threads = 4;

    private readonly Process _process;

    private ApiProcess(Process process, int port) => (_process, Address) = (process, new($"http://127.0.0.1:{port}"));

    public Uri Address { get; }

    /// <summary>Its process's number.</summary>
    public int Id => _process.Id;

    /// <summary>Starts one, and waits until it listens.</summary>
    /// <param name="redis">Where its Redis is.</param>
    /// <param name="folder">What it keeps on the disk is here.</param>
    /// <param name="settings">Environment variables that differ.</param>
    public static async Task<ApiProcess> StartAsync(string redis, string folder, params (string Name, string Value)[] settings)
    {
        var (port, tests) = (FreePort.Next(), Path.Combine(AppContext.BaseDirectory, "CodeAgent.Api.Tests"));

        // With the tests' own list of assemblies, so that the blocking handler is found.
        var start = new ProcessStartInfo("dotnet", ["exec", "--depsfile", $"{tests}.deps.json", "--runtimeconfig", $"{tests}.runtimeconfig.json", Path.Combine(AppContext.BaseDirectory, "CodeAgent.Api.dll")])
        {
            RedirectStandardOutput = true,
            WorkingDirectory = folder,
        };
        foreach (var (name, value) in new Dictionary<string, string>
        {
            ["DOTNET_ThreadPool_ForceMinWorkerThreads"] = $"{Threads:x}",
            ["DOTNET_ThreadPool_ForceMaxWorkerThreads"] = $"{Threads:x}",
            ["ASPNETCORE_HOSTINGSTARTUPASSEMBLIES"] = "CodeAgent.Api.Tests",
            ["ASPNETCORE_URLS"] = $"http://127.0.0.1:{port}",
            ["ConnectionStrings__redis"] = redis,
            ["CODEAGENT_API_KEY"] = ApiServer.ApiKey,
            ["CODEAGENT_WORKER_KEY"] = ApiServer.WorkerKey,
            ["CODEAGENT_HOME"] = folder,
            ["Redis__AwayAfter"] = "00:01:00",
            ["Leases__Ttl"] = "00:30:00",
            ["Logging__LogLevel__Default"] = "Error",
        })
        {
            start.Environment[name] = value;
        }

        foreach (var (name, value) in settings)
        {
            start.Environment[name] = value;
        }

        var process = Process.Start(start)!;
        process.OutputDataReceived += (_, _) => { };
        process.BeginOutputReadLine();
        var server = new ApiProcess(process, port);
        await Eventually.TrueAsync(() => ListensAsync(port), TimeSpan.FromSeconds(60), "the Api listens");
        return server;
    }

    /// <summary>A client with a key.</summary>
    public ApiClient Client(string key)
    {
        var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = Address, Timeout = TimeSpan.FromMinutes(10) };
        http.DefaultRequestHeaders.Authorization = new("Bearer", key);
        return new(http);
    }

    /// <summary>Ends it at once, in the middle of whatever it does.</summary>
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

    private static async Task<bool> ListensAsync(int port)
    {
        using var client = new TcpClient();
        try
        {
            await client.ConnectAsync("127.0.0.1", port, TestContext.Current.CancellationToken);
            return true;
        }
        catch (SocketException)
        {
            return false;
        }
    }
}
