using System.Collections.Concurrent;
using System.ComponentModel;
using System.Net;
using System.Text.Json;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;
using ModelContextProtocol;
using ModelContextProtocol.Protocol;
using ModelContextProtocol.Server;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Mcp;

/// <summary>A server of the protocol's own library at an address of this process.</summary>
public sealed class McpAddressTests : IAsyncLifetime
{
    private readonly ConcurrentQueue<string> _authorizations = new();
    private McpBench _bench = null!;
    private WebApplication _app = null!;

    public async ValueTask InitializeAsync()
    {
        _bench = await McpBench.CreateAsync();
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Listen(IPAddress.Loopback, 0));
        _app = builder.Build();
        _app.MapPost("/mcp", AnswerAsync);
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        await _app.DisposeAsync();
        await _bench.DisposeAsync();
    }

    [Fact]
    public async Task A_servers_tools_are_called_with_the_configured_headers()
    {
        await ConfigureAsync("headers: { Authorization: 'Bearer ${TOKEN_OF_TESTS}' }");

        var answers = await _bench.CallAsync(("web__add", new { a = 2, b = 3 }), ("web__add", new { a = "two" }));

        Assert.Equal("2 + 3 = 5", answers[0]);
        Assert.StartsWith("Error: ", answers[1], StringComparison.Ordinal);
        Assert.All(_authorizations, authorization => Assert.Equal("Bearer s3cr3t-value", authorization));
        Assert.NotEmpty(_authorizations);
    }

    [Fact]
    public async Task The_model_reads_the_servers_own_description_and_schema()
    {
        await ConfigureAsync("tools: [add]");

        await _bench.CallAsync(("web__add", new { a = 1, b = 1 }));

        var tool = _bench.Gateway.Requests.Last().Json.GetProperty("tools").EnumerateArray().Last().GetProperty("function");
        Assert.Equal("Adds two numbers.", tool.GetProperty("description").GetString());
        Assert.Equal("The first.", tool.GetProperty("parameters").GetProperty("properties").GetProperty("a").GetProperty("description").GetString());
        Assert.Equal("web__add", _bench.Offered[^1]);
    }

    [Fact]
    public async Task A_server_that_is_gone_by_the_time_of_a_call_is_an_answer()
    {
        await ConfigureAsync("callTimeout: 5s");
        _bench.Gateway.Then(async context =>
        {
            await _app.StopAsync();
            await ScriptedGateway.CallAsync(context, "web__add", new { a = 1, b = 1 });
        }).Say("Done.");

        Assert.Equal("Done.", (await _bench.Agent.RunAsync()).Summary);
        Assert.StartsWith("Error: The server did not ", _bench.Gateway.Requests.Last().Message(^1), StringComparison.Ordinal);
    }

    private Task ConfigureAsync(string more) => _bench.ConfigureAsync($"web: {{ url: '{_app.Urls.Single()}/mcp', {more} }}");

    // Without sessions: each request is a server of its own.
    private async Task AnswerAsync(HttpContext http)
    {
        _authorizations.Enqueue(http.Request.Headers.Authorization.ToString());
        var message = (await JsonSerializer.DeserializeAsync<JsonRpcMessage>(http.Request.Body, McpJsonUtilities.DefaultOptions, http.RequestAborted))!;
        await using var transport = new StreamableHttpServerTransport { Stateless = true };
        await using var server = McpServer.Create(transport, new()
        {
            ServerInfo = new() { Name = "web", Version = "1" },
            ToolCollection = [McpServerTool.Create(Add, new() { Name = "add" }), McpServerTool.Create(() => "other", new() { Name = "other" })],
        });
        var running = server.RunAsync(http.RequestAborted);
        http.Response.ContentType = "text/event-stream";
        if (!await transport.HandlePostRequestAsync(message, http.Response.Body, http.RequestAborted))
        {
            http.Response.ContentType = null;
            http.Response.StatusCode = StatusCodes.Status202Accepted;
        }

        await transport.DisposeAsync();
        await running;
    }

    [Description("Adds two numbers.")]
    private static string Add([Description("The first.")] int a, int b) => $"{a} + {b} = {a + b}";
}
