using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.Hosting;

namespace CodeAgent.Api.Tests.Running;

/// <summary>The whole Api in this process, behind a real socket: streams and clients that leave behave as they do in life.</summary>
internal sealed class ApiServer : WebApplicationFactory<Program>
{
    public const string ApiKey = "ca_test-api-key";
    public const string WorkerKey = "ca_test-worker-key";

    private readonly Dictionary<string, string?> _settings;
    private readonly string _folder;

    private ApiServer(string redis, string folder, IReadOnlyDictionary<string, string?> settings)
    {
        _folder = folder;
        _settings = new(settings)
        {
            ["ConnectionStrings:redis"] = redis,
            ["CODEAGENT_API_KEY"] = ApiKey,
            ["CODEAGENT_WORKER_KEY"] = WorkerKey,
            ["CODEAGENT_HOME"] = folder,
            ["Logging:LogLevel:Default"] = "Warning",
        };

        // The Redis of most tests is in this process: where the machine is busy, it is slow, and not away.
        _settings.TryAdd("Redis:AwayAfter", "00:00:10");
        UseKestrel(0);
    }

    public Uri Address => ClientOptions.BaseAddress;

    /// <summary>Starts one.</summary>
    /// <param name="redis">Where its Redis is.</param>
    /// <param name="folder">What it keeps on the disk is here.</param>
    /// <param name="settings">What differs from the defaults.</param>
    public static ApiServer Start(string redis, string folder, params IEnumerable<(string Name, string Value)> settings)
    {
        var server = new ApiServer(redis, folder, settings.ToDictionary(setting => setting.Name, setting => (string?)setting.Value));
        server.StartServer();
        return server;
    }

    public ApiClient Client(string? key = ApiKey)
    {
        // The Api's own instrumentation listens in this process; it must not put its traces into what the tests send.
        var http = new HttpClient(new SocketsHttpHandler { ActivityHeadersPropagator = null }) { BaseAddress = Address, Timeout = TimeSpan.FromSeconds(60) };
        http.DefaultRequestHeaders.Authorization = key is null ? null : new AuthenticationHeaderValue("Bearer", key);
        return new(http);
    }

    protected override IHost CreateHost(IHostBuilder builder)
    {
        // The host's own configuration is there when Program.cs reads it; what is set otherwise comes too late.
        builder.ConfigureHostConfiguration(configuration => configuration.AddInMemoryCollection(_settings));
        return base.CreateHost(builder);
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder) => builder.UseEnvironment("Development");
}
