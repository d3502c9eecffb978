using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Approvals;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Sandboxes;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>The agent as the worker has it, in front of a scripted gateway, in a workspace.</summary>
internal sealed class AgentBench : IAsyncDisposable
{
    public static readonly Guid TaskId = Guid.Parse("01990000-0000-7000-8000-000000000001");

    private readonly List<WebApplication> _workers = [];

    public required ScriptedGateway Gateway { get; init; }

    public required TestWorkspace Workspace { get; init; }

    public TestSession Session { get; set; } = new();

    public TestCommands Commands { get; } = new();

    /// <summary>Runs commands in place of <see cref="Commands"/>.</summary>
    public ISandbox? RealCommands { get; set; }

    public WorkerOptions Options { get; set; } = new();

    public TaskRequest Request { get; set; } = new() { Prompt = "Do it." };

    public ApprovalRules? Rules { get; set; }

    public string Token { get; set; } = "lease-token";

    public Dictionary<string, string?> Settings { get; } = new()
    {
        ["BuiltinAgent:FirstPause"] = "00:00:00.010",
        ["BuiltinAgent:LongestPause"] = "00:00:00.050",
        ["BuiltinAgent:RetryFor"] = "00:00:20",
    };

    public static async Task<AgentBench> CreateAsync() =>
        new() { Gateway = await ScriptedGateway.StartAsync(), Workspace = await TestWorkspace.CreateAsync() };

    public Task<AgentResult> RunAsync(SavedTurn? from = null, string? feedback = null, Usage? usage = null, CancellationToken? cancellationToken = null)
    {
        var worker = NewWorker();
        var run = new AgentRun
        {
            Lease = new()
            {
                TaskId = TaskId,
                Fence = 1,
                Attempt = 1,
                Run = 1,
                Token = Token,
                LeaseSeconds = 10,
                Request = Request,
                TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
                Usage = new(),
                SecondsUsed = 0,
            },
            Workspace = Workspace.Root,
            Sandbox = RealCommands ?? Commands,
            Approvals = ApprovalPolicy.Of(new(), Rules),
            Session = Session,
            Turn = from?.Turn ?? 0,
            State = from?.State,
            MessagesSeen = from?.MessagesSeen ?? 0,
            Usage = usage ?? from?.Usage ?? new(),
            Feedback = feedback,
        };
        return worker.Services.GetServices<IAgent>().Single(agent => agent.Name == "builtin").RunAsync(run, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.DisposeAsync();
        }

        await Gateway.DisposeAsync();
        Workspace.Dispose();
    }

    private WebApplication NewWorker()
    {
        var builder = WebApplication.CreateBuilder();
        builder.Configuration.AddInMemoryCollection(Settings);
        builder.Configuration["services:llm-gateway:http:0"] = Gateway.Address;
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.AddBuiltinAgent();
        builder.Services.AddSingleton<CurrentOptions>(() => Options);
        var worker = builder.Build();
        _workers.Add(worker);
        return worker;
    }
}
