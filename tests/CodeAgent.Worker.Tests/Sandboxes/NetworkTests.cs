using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Sandboxes;

public sealed class BubblewrapNetworkTests : IAsyncLifetime
{
    private readonly int _port = FreePort.Next();
    private WebApplication _site = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(Shell.Find("curl") is null, "The program curl is not installed.");
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls($"http://127.0.0.1:{_port}");
        _site = builder.Build();
        _site.Run(http => http.Response.WriteAsync($"{http.Request.Method} {http.Request.Path} {http.Request.Host}\n"));
        await _site.StartAsync(TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task What_is_listed_is_reached_by_tunnel_and_by_plain_request()
    {
        await using var bench = await OpenAsync("localhost:{port}", "127.0.0.1:{port}");
        var result = await bench.RunAsync($"curl -sS --noproxy '' http://localhost:{_port}/plain; curl -sS --noproxy '' --proxytunnel http://127.0.0.1:{_port}/tunnel");
        Assert.Equal($"GET /plain localhost:{_port}\nGET /tunnel 127.0.0.1:{_port}\n", result.Output);
        Assert.Empty(bench.Notes);
    }

    [Theory]
    [InlineData("127.0.0.1:{port}", "another.example:443")]
    [InlineData("localhost:{port}", "localhost:{port}")]
    [InlineData("10.0.0.0/8", "127.0.0.1:{port}")]
    [InlineData("127.0.0.1:1", "127.0.0.1:{port}")]
    public async Task What_is_not_listed_and_what_leads_to_a_private_address_is_refused_and_noted(string allowed, string wanted)
    {
        var target = wanted.Replace("{port}", $"{_port}", StringComparison.Ordinal);
        await using var bench = await OpenAsync(allowed);
        var result = await bench.RunAsync($"curl -sS --noproxy '' --proxytunnel http://{target}/; curl -sS --noproxy '' http://{target}/");
        Assert.Contains("403", result.Output, StringComparison.Ordinal);
        Assert.Contains($"{target} is not on the list", result.Output, StringComparison.Ordinal);
        Assert.DoesNotContain("GET /", result.Output, StringComparison.Ordinal);
        Assert.Contains(bench.Notes, note => note.Contains($"wanted to reach {target},", StringComparison.Ordinal));
    }

    [Fact]
    public async Task Around_the_proxy_there_is_no_way_out()
    {
        await using var bench = await OpenAsync("127.0.0.1:{port}");
        Assert.NotEqual(0, (await bench.RunAsync($"curl -sS --noproxy '*' --max-time 3 http://127.0.0.1:{_port}/")).ExitCode);
        Assert.NotEqual(0, (await bench.RunAsync("curl -sS --noproxy '*' --max-time 3 http://169.254.169.254/")).ExitCode);
    }

    [Fact]
    public async Task An_agents_program_reaches_the_gateway_with_its_key_and_nothing_else()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Bubblewrap, request: request => request.Agent = new() { Name = AgentNames.Codex });
        var gateway = bench.Sandbox.Gateway;
        var result = await bench.RunAsync($"curl -sS -o /dev/null -w '%{{http_code}} ' {gateway.Url}v1/models; curl -sS -o /dev/null -w '%{{http_code}} ' {gateway.Url}health -H 'x-api-key: {gateway.Key}'; curl -sS --max-time 3 http://127.0.0.1:{_port}/ || echo no way");
        Assert.Matches("^401 404 .*no way\n$", result.Output.Replace('\n', ' ').TrimEnd() + "\n");
    }

    [Fact]
    public async Task With_the_hosts_network_everything_is_reached()
    {
        await using var bench = await SandboxBench.OpenAsync(SandboxMode.Bubblewrap, options => options.Sandbox.Network.Mode = SandboxNetworkMode.Host);
        Assert.Equal($"GET / 127.0.0.1:{_port}\n", (await bench.RunAsync($"curl -sS --noproxy '*' http://127.0.0.1:{_port}/")).Output);
    }

    [Fact]
    public async Task When_the_lease_is_over_nothing_of_its_network_is_left()
    {
        var bench = await OpenAsync("127.0.0.1:{port}");
        await bench.RunAsync("true");
        var sockets = bench.Workspace.Folder.Sockets;
        Assert.True(await SandboxBench.AnybodyAsync(sockets));
        await bench.DisposeAsync();
        await SandboxBench.NobodyAsync(sockets);
    }

    public ValueTask DisposeAsync() => _site?.DisposeAsync() ?? default;

    private Task<SandboxBench> OpenAsync(params string[] allowed) => SandboxBench.OpenAsync(
        SandboxMode.Bubblewrap, options => options.Sandbox.Network.Allow = [.. allowed.Select(entry => entry.Replace("{port}", $"{_port}", StringComparison.Ordinal))]);
}
