using CodeAgent.Worker.Configuration;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>Makes the servers of a run.</summary>
internal sealed class McpHost(IHttpClientFactory http, CurrentOptions options, TimeProvider time, ILogger<McpServers> log)
{
    /// <summary>Name of the HTTP client.</summary>
    public const string ClientName = "mcp";

    /// <summary>The servers that are configured now, none of them started.</summary>
    public McpServers ServersFor(AgentRun run) => new(run, options().Mcp, OpenAsync, log);

    private async Task<McpConnection> OpenAsync(AgentRun run, string name, McpServerOptions server, CancellationToken cancellationToken)
    {
        McpTransport transport = server.Url is null
            ? new McpProcess(run, server)
            : new McpAddress(name, server, http.CreateClient(ClientName));
        return await McpConnection.OpenAsync(transport, server, time, cancellationToken);
    }
}
