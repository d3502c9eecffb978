using System.Text.Json;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>The tools alone, in a workspace.</summary>
internal sealed class ToolBench : IDisposable
{
    public required TestWorkspace Workspace { get; init; }

    public TestSession Session { get; } = new();

    public TestCommands Commands { get; } = new();

    public static async Task<ToolBench> CreateAsync() => new() { Workspace = await TestWorkspace.CreateAsync() };

    /// <summary>Calls a tool, with an object or its JSON; returns what it answers.</summary>
    public async Task<string> CallAsync(string tool, object with) => (await CallAsync((tool, with)))[0];

    /// <summary>Makes all the calls of one message.</summary>
    public async Task<IReadOnlyList<string>> CallAsync(params (string Tool, object With)[] calls)
    {
        var run = new AgentRun
        {
            Lease = new()
            {
                TaskId = AgentBench.TaskId,
                Fence = 1,
                Attempt = 1,
                Run = 1,
                Token = "",
                LeaseSeconds = 10,
                Request = new() { Prompt = "x" },
                TraceParent = "",
                Usage = new(),
                SecondsUsed = 0,
            },
            Workspace = Workspace.Root,
            Sandbox = Commands,
            Session = Session,
            Usage = new(),
        };
        var tools = new ToolCalls(Session, new Toolbox(run, TimeProvider.System));
        var results = new List<ToolResult>();
        await tools.CarryOutAsync(
            [.. calls.Select((call, place) => new ToolCall($"c{place}", call.Tool, call.With is string json ? JsonElement.Parse(json) : JsonSerializer.SerializeToElement(call.With)))],
            results, "1.1", null, TestContext.Current.CancellationToken);
        return [.. results.Select(result => result.Output)];
    }

    public void Dispose() => Workspace.Dispose();
}
