using System.Globalization;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Tests.Benches;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Mcp;

/// <summary>The built-in agent with real processes, and a server of the Model Context Protocol that is a shell script.</summary>
internal sealed class McpBench : IAsyncDisposable
{
    // Says hello, offers four tools, and answers calls by what they say. JSON enough for what the client sends.
    private const string Server = """
        #!/bin/bash
        echo "$$" > "$HOME/server.pid"
        echo "server is up" >&2
        answer() { printf '{"jsonrpc":"2.0","id":%s,%s}\n' "$1" "$2"; }
        text() { answer "$1" "\"result\":{\"content\":[{\"type\":\"text\",\"text\":\"$2\"}]}"; }
        tool() { printf '{"name":"%s","description":"Does %s.","inputSchema":{"type":"object","properties":{"what":{"type":"string"}}}}' "$1" "$1"; }
        while IFS= read -r line; do
          [[ $line =~ \"id\":([^,}]+) ]] && id=${BASH_REMATCH[1]} || id=
          [[ $line =~ \"method\":\"([^\"]+)\" ]] && method=${BASH_REMATCH[1]} || method=
          case $method in
            initialize) answer "$id" '"result":{"protocolVersion":"2025-06-18","capabilities":{"tools":{}},"serverInfo":{"name":"test","version":"1"}}' ;;
            tools/list) answer "$id" "\"result\":{\"tools\":[$(tool speak),$(tool die),$(tool hang),$(tool big),$(tool secret),$(tool refuse),$(tool spawn),$(tool endless),{\"name\":\"tree\",\"inputSchema\":{\"type\":\"object\",\"properties\":{\"top\":{\"\$ref\":\"#/\$defs/node\"}},\"additionalProperties\":false,\"\$defs\":{\"node\":{\"type\":\"object\",\"properties\":{\"below\":{\"\$ref\":\"#/\$defs/node\"}}}}}}]}" ;;
            tools/call)
              [[ $line =~ \"name\":\"([^\"]+)\" ]] && name=${BASH_REMATCH[1]}
              case $name in
                speak) [[ $line =~ \"what\":\"([^\"]*)\" ]] && text "$id" "heard ${BASH_REMATCH[1]}" ;;
                die) echo "I have had enough" >&2; exit 3 ;;
                hang) ;;
                big) text "$id" "$(head -c 200000 /dev/zero | tr '\0' x)" ;;
                secret) text "$id" "it is $MY_TOKEN in $(basename "$PWD") with [$CODEAGENT_KEY]" ;;
                refuse) answer "$id" '"result":{"isError":true,"content":[{"type":"text","text":"not today"}]}' ;;
                spawn) (setsid nohup bash -c 'trap "" TERM; echo $$ > "$HOME/child.pid"; while true; do sleep 1; done' >/dev/null 2>&1 &); text "$id" spawned ;;
                endless) tr '\0' x < /dev/zero ;;
              esac ;;
            notifications/*) ;;
            *) answer "$id" '"error":{"code":-32601,"message":"no such method"}' ;;
          esac
        done
        """;

    private readonly WorkspaceBench _commands = new();

    public required AgentBench Agent { get; init; }

    public ScriptedGateway Gateway => Agent.Gateway;

    public static async Task<McpBench> CreateAsync()
    {
        var bench = new McpBench { Agent = await AgentBench.CreateAsync() };
        bench.Agent.RealCommands = new PlainSandbox(bench._commands.Commands);
        await File.WriteAllTextAsync(bench.Script, Server.ReplaceLineEndings("\n"), TestContext.Current.CancellationToken);
        await bench.ConfigureAsync();
        return bench;
    }

    /// <summary>The server's program.</summary>
    public string Script => Path.Combine(Agent.Workspace.Outside, "server.sh");

    /// <summary>Reads the section <c>mcp</c>, as it would stand in <c>worker.yaml</c>; SCRIPT is the server.</summary>
    public async Task ConfigureAsync(string mcp = "test: { command: [bash, SCRIPT] }")
    {
        var file = Path.Combine(Agent.Workspace.Outside, "worker.yaml");
        await File.WriteAllTextAsync(file, $"mcp:\n  {mcp.Replace("SCRIPT", Script, StringComparison.Ordinal)}\n", TestContext.Current.CancellationToken);
        var read = await ConfigFile.LoadAsync<WorkerOptions>(file, name => name == "TOKEN_OF_TESTS" ? "s3cr3t-value" : null, WorkerOptionsValidator.Validate, TestContext.Current.CancellationToken);
        Agent.Options = read.Current;
    }

    /// <summary>The agent calls tools, one after another, and is done. Returns their answers.</summary>
    public async Task<IReadOnlyList<string>> CallAsync(params (string Tool, object With)[] calls)
    {
        foreach (var call in calls)
        {
            Gateway.Calls(call);
        }

        Gateway.Say("Done.");
        var result = await Agent.RunAsync();
        Assert.Null(result.Failure);
        var last = Gateway.Requests.Last();
        return [.. last.Roles.Select((role, place) => (role, place)).Where(message => message.role == "tool").Select(message => last.Message(message.place))];
    }

    public IReadOnlyList<string> Offered => [.. Gateway.Requests.Last().Json.GetProperty("tools").EnumerateArray().Select(tool => tool.GetProperty("function").GetProperty("name").GetString()!)];

    /// <summary>The number that a process wrote into a file of its home.</summary>
    public async Task<int> PidAsync(string file)
    {
        var path = Directory.EnumerateFiles(_commands.Folders.Root, file, SearchOption.AllDirectories).Single();
        return int.Parse(await File.ReadAllTextAsync(path, TestContext.Current.CancellationToken), CultureInfo.InvariantCulture);
    }

    public async ValueTask DisposeAsync()
    {
        await Agent.DisposeAsync();
        _commands.Dispose();
    }
}
