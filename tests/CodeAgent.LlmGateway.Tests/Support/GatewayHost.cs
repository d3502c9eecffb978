using System.Net.Http.Headers;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Mvc.Testing;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Testing;

namespace CodeAgent.LlmGateway.Tests.Support;

/// <summary>The gateway on Kestrel, with a configuration of the test's own.</summary>
internal sealed class GatewayHost : WebApplicationFactory<Program>
{
    public const string Key = "test-api-key";
    public const string WorkerKey = "test-worker-key";

    private readonly string _folder = Directory.CreateTempSubdirectory("gateway-").FullName;
    private readonly Dictionary<string, string> _settings;

    private GatewayHost(string redis, (string, string)[] settings)
    {
        _settings = new()
        {
            ["ConnectionStrings:redis"] = redis,
            ["CODEAGENT_API_KEY"] = Key,
            ["CODEAGENT_WORKER_KEY"] = WorkerKey,
            ["Config:Directory"] = _folder,

            // A test of something else does not end because the machine has much to do just now.
            ["Redis:AnswerWithin"] = "00:00:04.5",
            ["Redis:AwayAfter"] = "00:00:10",
            ["urls"] = "http://127.0.0.1:0",
        };
        foreach (var (name, value) in settings)
        {
            _settings[name] = value;
        }

        UseKestrel();
    }

    public string ConfigPath => Path.Combine(_folder, "gateway.yaml");

    public FakeLogCollector Logs => Services.GetFakeLogCollector();

    public static async Task<GatewayHost> StartAsync(string redis, string? yaml = null, params (string, string)[] settings)
    {
        var host = new GatewayHost(redis, settings);
        if (yaml is not null)
        {
            await File.WriteAllTextAsync(host.ConfigPath, yaml);
        }

        host.StartServer();
        return host;
    }

    /// <summary>With one provider, <c>mock</c>, and one model of it, <c>mock-model</c>, called <c>upstream-model</c> there.</summary>
    public static Task<GatewayHost> StartAsync(string redis, MockUpstream upstream, string provider = "", string rest = "") =>
        StartAsync(redis, YamlFor(upstream.BaseUrl, provider, rest), ("MOCK_KEY", "sk-canary-0123456789"));

    public static string YamlFor(string baseUrl, string provider = "", string rest = "") => $$"""
        providers:
          mock: { kind: openai, baseUrl: "{{baseUrl}}", apiKey: "${MOCK_KEY}" {{provider}} }
        models:
          mock-model: { provider: mock, model: upstream-model, pricing: { inputPerMillion: 2, outputPerMillion: 8 } }
        default: [mock-model]
        {{rest}}
        """;

    public HttpClient Client(string? key = Key)
    {
        // A client that leaves leaves at once: it does not read the rest to keep its connection.
        var client = new HttpClient(new SocketsHttpHandler { MaxResponseDrainSize = 0 })
        {
            BaseAddress = ClientOptions.BaseAddress,
            Timeout = TimeSpan.FromSeconds(30),
        };
        if (key is not null)
        {
            client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", key);
        }

        return client;
    }

    protected override void ConfigureWebHost(IWebHostBuilder builder)
    {
        foreach (var (name, value) in _settings)
        {
            builder.UseSetting(name, value);
        }

        builder.ConfigureLogging(logging => logging.ClearProviders().AddFakeLogging());
    }

    protected override void Dispose(bool disposing)
    {
        base.Dispose(disposing);
        if (disposing && Directory.Exists(_folder))
        {
            Directory.Delete(_folder, recursive: true);
        }
    }
}
