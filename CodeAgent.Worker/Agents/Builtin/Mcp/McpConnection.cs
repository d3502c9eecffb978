using System.Globalization;
using CodeAgent.Worker.Agents.Builtin.Tools;
using ModelContextProtocol.Client;
using ModelContextProtocol.Protocol;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A server that is ready. Whatever goes wrong with it is an exception with a text for the model, in bounded time.</summary>
internal sealed class McpConnection : IAsyncDisposable
{
    private const int LongestWords = 500;

    // What a server that does not listen is waited for when the connection is closed.
    private static readonly TimeSpan ClosePatience = TimeSpan.FromSeconds(2);

    private readonly McpTransport _transport;
    private readonly McpServerOptions _options;
    private readonly TimeProvider _time;
    private McpClient? _client;

    private McpConnection(McpTransport transport, McpServerOptions options, TimeProvider time) => (_transport, _options, _time) = (transport, options, time);

    /// <summary>Whether it can be called.</summary>
    public bool IsAlive => _client is { Completion.IsCompleted: false } && !_transport.Ended.IsCompleted;

    /// <summary>Connects, and says hello.</summary>
    /// <exception cref="ToolException">It is not ready in time, or not at all.</exception>
    public static async Task<McpConnection> OpenAsync(McpTransport transport, McpServerOptions options, TimeProvider time, CancellationToken cancellationToken)
    {
        var connection = new McpConnection(transport, options, time);
        try
        {
            connection._client = await connection.WithinAsync(options.StartTimeout, "did not start", async token =>
                await McpClient.CreateAsync(await transport.OpenAsync(token), new()
                {
                    ClientInfo = new() { Name = "codeagent", Version = "1.0" },
                    InitializationTimeout = options.StartTimeout,
                }, cancellationToken: token), cancellationToken);
            return connection;
        }
        catch
        {
            await connection.DisposeAsync();
            throw;
        }
    }

    /// <summary>What it offers.</summary>
    /// <exception cref="ToolException">It does not say.</exception>
    public async Task<IReadOnlyList<Tool>> ToolsAsync(CancellationToken cancellationToken)
    {
        var tools = await WithinAsync(_options.StartTimeout, "does not tell its tools", async token =>
            await _client!.ListToolsAsync(cancellationToken: token), cancellationToken);
        return [.. tools.Select(tool => tool.ProtocolTool)];
    }

    /// <summary>Calls a tool.</summary>
    /// <exception cref="ToolException">It refuses, fails, dies or hangs.</exception>
    public async Task<string> CallAsync(string tool, IReadOnlyDictionary<string, object?> arguments, CancellationToken cancellationToken)
    {
        var result = await WithinAsync(_options.CallTimeout, "did not answer", async token =>
            await _client!.CallToolAsync(tool, arguments, cancellationToken: token), cancellationToken);
        var text = Hidden(McpContent.Text(result));
        return result.IsError == true ? throw new ToolException(text) : text;
    }

    public async ValueTask DisposeAsync()
    {
        var stopping = _transport.StopAsync();
        if (_client is not null)
        {
            // A server that does not take its leave is not waited for.
            await Task.WhenAny(_client.DisposeAsync().AsTask(), Task.Delay(ClosePatience, _time));
        }

        await stopping;
        await _transport.DisposeAsync();
    }

    private async Task<T> WithinAsync<T>(TimeSpan limit, string what, Func<CancellationToken, Task<T>> action, CancellationToken cancellationToken)
    {
        using var timer = new CancellationTokenSource(limit, _time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            // Not every wait inside listens to its token.
            var running = action(either.Token);
            var first = await Task.WhenAny(running, _transport.Ended).WaitAsync(either.Token);
            return first == running ? await running : throw new IOException("It ended.");
        }
        catch (Exception) when (cancellationToken.IsCancellationRequested)
        {
            throw new OperationCanceledException(cancellationToken);
        }
        catch (OperationCanceledException e)
        {
            throw Failed(string.Create(CultureInfo.InvariantCulture, $"{what} within {limit.TotalSeconds:0.#} s"), e);
        }
        catch (Exception e)
        {
            // What a server sends can make the client stumble in any way; it is the server's failure, not the task's.
            throw Failed($"{what}: {e.Message}", e);
        }
    }

    private ToolException Failed(string what, Exception e) =>
        new(Hidden(_transport.LastWords is { Length: > 0 } words ? $"The server {what}\nIt printed: {Middle.Cut(words, LongestWords)}" : $"The server {what}"), e);

    private string Hidden(string text) => _options.Secrets.Where(secret => secret.Length >= 6).Aggregate(text, static (text, secret) => text.Replace(secret, "***", StringComparison.Ordinal));
}
