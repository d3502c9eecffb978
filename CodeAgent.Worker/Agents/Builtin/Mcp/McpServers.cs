using System.Collections.Concurrent;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Tools;
using Microsoft.Extensions.AI;
using ModelContextProtocol.Protocol;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>The servers of one run. What they offer is asked once, at the beginning of the conversation; later they are started when they are called.</summary>
/// <param name="run">The run.</param>
/// <param name="servers">The configured ones, by name.</param>
/// <param name="open">Starts one.</param>
/// <param name="log">The log.</param>
internal sealed partial class McpServers(
    AgentRun run, IReadOnlyDictionary<string, McpServerOptions> servers,
    Func<AgentRun, string, McpServerOptions, CancellationToken, Task<McpConnection>> open, ILogger<McpServers> log) : IAsyncDisposable
{
    private const int MostTools = 100;
    private const int LongestName = 64;
    private const int LongestDescription = 4_000;
    private const int LongestSchema = 40_000;

    // A server that dies again and again is not started for ever.
    private const int MostStarts = 3;

    private readonly ConcurrentDictionary<string, Slot> _slots = new(StringComparer.Ordinal);

    /// <summary>Starts all of them and asks what they offer. One that does not start is part of the answer, and is reported.</summary>
    /// <returns>None where none is configured.</returns>
    public async Task<IReadOnlyList<ServerTools>?> StartAsync(CancellationToken cancellationToken) => servers.Count == 0 ? null
        : await Task.WhenAll(servers.Keys.Order(StringComparer.Ordinal).Select(name => AskAsync(name, cancellationToken)));

    /// <summary>The tools, in the order of the servers' names and then of their own.</summary>
    public IEnumerable<AgentTool> Tools(IReadOnlyList<ServerTools>? offered) =>
        from server in offered ?? []
        from tool in server.Tools
        select new AgentTool(
            new McpFunction(tool, (tool, arguments, cancellationToken) => CallAsync(server.Name, tool, arguments, cancellationToken)),
            servers.GetValueOrDefault(server.Name)?.ReadOnly.Contains(tool.Name) == true,
            IsOurs: false);

    public async ValueTask DisposeAsync()
    {
        await Task.WhenAll(_slots.Values.Select(async slot =>
        {
            if (slot.Connection is { } connection)
            {
                await connection.DisposeAsync();
            }

            slot.Gate.Dispose();
        }));
    }

    private async Task<ServerTools> AskAsync(string name, CancellationToken cancellationToken)
    {
        try
        {
            var tools = await (await ConnectAsync(name, cancellationToken)).ToolsAsync(cancellationToken);
            return new(name, Offered(name, servers[name], tools));
        }
        catch (ToolException e)
        {
            LogNotStarted(name, e.Message);
            await run.Session.ReportAsync(EventTypes.Output, new { text = $"MCP server {name}: {e.Message}\n" }, cancellationToken);
            return new(name, [], "It did not start.");
        }
    }

    private async Task<string> CallAsync(string server, ServerTool tool, AIFunctionArguments arguments, CancellationToken cancellationToken) =>
        await (await ConnectAsync(server, cancellationToken)).CallAsync(tool.Name, arguments.ToDictionary(), cancellationToken);

    private async Task<McpConnection> ConnectAsync(string name, CancellationToken cancellationToken)
    {
        if (!servers.TryGetValue(name, out var options))
        {
            throw new ToolException($"The server '{name}' is not configured here any more.");
        }

        var slot = _slots.GetOrAdd(name, _ => new());
        await slot.Gate.WaitAsync(cancellationToken);
        try
        {
            if (slot.Connection is { IsAlive: true } alive)
            {
                return alive;
            }

            if (slot.Connection is { } dead)
            {
                slot.Connection = null;
                await dead.DisposeAsync();
            }

            return ++slot.Starts <= MostStarts
                ? slot.Connection = await open(run, name, options, cancellationToken)
                : throw new ToolException($"The server ended or failed to start {MostStarts} times and is not started again. Do without it.");
        }
        finally
        {
            slot.Gate.Release();
        }
    }

    private List<ServerTool> Offered(string server, McpServerOptions options, IReadOnlyList<Tool> tools)
    {
        foreach (var missing in options.Tools.Except(tools.Select(tool => tool.Name)))
        {
            LogNoTool(server, missing);
        }

        var offered = new List<ServerTool>();
        foreach (var tool in tools.Where(tool => options.Tools.Count == 0 || options.Tools.Contains(tool.Name)).OrderBy(tool => tool.Name, StringComparer.Ordinal))
        {
            var name = $"{server}__{NotInNames().Replace(tool.Name, "_")}";
            if (name.Length > LongestName || offered.Count == MostTools || offered.Exists(other => other.OfferedAs == name) || tool.InputSchema.GetRawText().Length > LongestSchema)
            {
                LogLeftOut(server, tool.Name);
                continue;
            }

            offered.Add(new(tool.Name, name, Middle.Cut(tool.Description ?? tool.Title ?? tool.Name, LongestDescription), tool.InputSchema.Clone()));
        }

        return offered;
    }

    [LoggerMessage(LogLevel.Warning, "MCP server {Server}: {Problem}")]
    private partial void LogNotStarted(string server, string problem);

    [LoggerMessage(LogLevel.Warning, "MCP server {Server} has no tool '{Tool}' (mcp.{Server}.tools in worker.yaml)")]
    private partial void LogNoTool(string server, string tool);

    [LoggerMessage(LogLevel.Warning, "The tool '{Tool}' of MCP server {Server} is left out: its name or its schema is too long, its name is taken, or there are too many")]
    private partial void LogLeftOut(string server, string tool);

    // What the providers take in a name.
    [GeneratedRegex("[^A-Za-z0-9_-]")]
    private static partial Regex NotInNames();

    private sealed class Slot
    {
        public SemaphoreSlim Gate { get; } = new(1);

        public McpConnection? Connection { get; set; }

        public int Starts { get; set; }
    }
}
