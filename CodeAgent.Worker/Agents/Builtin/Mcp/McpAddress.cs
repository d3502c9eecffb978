using ModelContextProtocol.Client;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A server at an address.</summary>
internal sealed class McpAddress(string name, McpServerOptions options, HttpClient http) : McpTransport
{
    public override Task<IClientTransport> OpenAsync(CancellationToken cancellationToken) => Task.FromResult<IClientTransport>(new HttpClientTransport(
        new()
        {
            Endpoint = new(options.Url!),
            Name = name,
            ConnectionTimeout = options.StartTimeout,
            AdditionalHeaders = options.Headers.ToDictionary(header => header.Key, header => header.Value.Reveal()),
        },
        http));

    public override ValueTask DisposeAsync()
    {
        http.Dispose();
        return ValueTask.CompletedTask;
    }
}
