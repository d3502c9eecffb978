using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;

namespace CodeAgent.Benchmarks.Contenders;

internal sealed class PortkeyContender : Contender
{
    private const string Version = "1.15.2";

    // The newer server that it would get otherwise breaks its streams.
    private const string Package = $$"""
        { "private": true, "dependencies": { "@portkey-ai/gateway": "{{Version}}" }, "overrides": { "@hono/node-server": "1.3.3" } }
        """;

    private string _node = "";
    private string _host = "";

    public override string Key => "portkey";

    public override string Title => "Portkey";

    public override string Description => $"Portkey {Version} from npm on Node {_node}, @hono/node-server 1.3.3, as its package starts it: one process, one thread";

    public override async Task StartAsync(MockContender mock, CancellationToken stop)
    {
        var folder = Directory.CreateDirectory(Path.Combine(Places.Work, "portkey")).FullName;
        var program = Path.Combine(folder, "node_modules", "@portkey-ai", "gateway", "build", "start-server.js");
        if (!File.Exists(program))
        {
            await File.WriteAllTextAsync(Path.Combine(folder, "package.json"), Package, stop);
            var (code, _) = await Tool.TryRunAsync("npm", ["install", "--no-audit", "--no-fund"], stop, folder);
            if (code != 0)
            {
                throw new SkippedException(code is null ? "there is no npm here" : "npm could not install it");
            }
        }

        _node = await Tool.LineAsync("node", ["--version"], stop);
        _host = $"http://127.0.0.1:{mock.Port}";
        await StartAsync(["node", "--require", Places.Beside("Contenders/loopback.cjs"), program, $"--port={Port}", "--headless"], stop,
            new Dictionary<string, string> { ["NODE_ENV"] = "production", ["TRUSTED_CUSTOM_HOSTS"] = "127.0.0.1" });
    }

    public override string Url(Behaviour behaviour) => $"http://127.0.0.1:{Port}/v1/chat/completions";

    public override IEnumerable<KeyValuePair<string, string>> Headers(Behaviour behaviour) =>
    [
        .. base.Headers(behaviour),
        new("x-portkey-provider", "openai"),
        new("x-portkey-custom-host", $"{_host}/{behaviour.Text()}/v1"),
    ];
}
