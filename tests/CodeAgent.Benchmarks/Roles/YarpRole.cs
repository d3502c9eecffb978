using Yarp.ReverseProxy.Configuration;

namespace CodeAgent.Benchmarks.Roles;

/// <summary>YARP with one route and nothing else: no keys, no telemetry, no log.</summary>
internal static class YarpRole
{
    public const string Name = "role-yarp";

    public static Task<int> RunAsync(string port, string upstream)
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{port}").ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        builder.Services.AddReverseProxy().LoadFromMemory(
            [new RouteConfig { RouteId = "all", ClusterId = "mock", Match = new() { Path = "{**all}" } }],
            [new ClusterConfig { ClusterId = "mock", Destinations = new Dictionary<string, DestinationConfig> { ["one"] = new() { Address = upstream } } }]);
        var app = builder.Build();
        app.MapReverseProxy();
        return RoleHost.RunAsync(app);
    }
}
