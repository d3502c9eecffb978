using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults;
using CodeAgent.Testing;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Disk;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>A whole worker, with the fake Api, the command agent, and one that plays what a test says.</summary>
internal sealed class WorkerBench : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly List<WebApplication> _workers = [];

    public FakeApi Api { get; } = new();

    public WorkerOptions Options { get; } = new();

    /// <summary>What the agent <c>builtin</c> does.</summary>
    public Func<AgentRun, CancellationToken, Task<AgentResult>> Agent { get; set; } = (_, _) => throw new InvalidOperationException("No agent was expected.");

    public WorkFolders Folders => WorkFolders.Of(Options, _folder.Path);

    public string this[string relative] => _folder[relative];

    /// <summary>Where the workers' log goes, if anywhere.</summary>
    public CapturedLog? Log { get; private init; }

    /// <summary>How much room the disk has, if a test says so.</summary>
    public FreeSpace? Free { get; private init; }

    public static async Task<WorkerBench> StartAsync(Action<WorkerOptions>? configure = null, CapturedLog? log = null, FreeSpace? free = null)
    {
        var bench = new WorkerBench { Log = log, Free = free };

        // Tests follow the processes of scripts by the numbers that those print.
        bench.Options.Sandbox.Mode = SandboxMode.None;
        configure?.Invoke(bench.Options);
        await bench.Api.StartAsync();
        await bench.StartWorkerAsync();
        return bench;
    }

    public async Task<WebApplication> StartWorkerAsync()
    {
        var builder = WebApplication.CreateBuilder(new WebApplicationOptions { ContentRootPath = _folder.Path });
        builder.Configuration.AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["CODEAGENT_HOME"] = _folder.Path,
            ["CODEAGENT_WORKER_KEY"] = FakeApi.WorkerKey,
            ["services:api:http:0"] = Api.Url,
        });
        builder.WebHost.UseUrls("http://127.0.0.1:0");
        builder.AddServiceDefaults(telemetry => telemetry.UntracedOutgoing = ApiExtensions.IsRoutine);
        await builder.AddWorkerOptionsAsync();
        builder.AddWorkApi();
        builder.AddWorkspaces();
        builder.AddCommands();
        builder.AddCommandAgent();
        builder.AddLeases();
        builder.Services.AddSingleton<CurrentOptions>(() => Options);
        builder.Services.AddSingleton<IAgent>(new PlayedAgent(this));
        builder.Logging.ClearProviders();
        if (Free is not null)
        {
            builder.Services.AddSingleton(Free);
        }

        if (Log is not null)
        {
            builder.Logging.AddProvider(Log).SetMinimumLevel(LogLevel.Trace);
        }

        var worker = builder.Build();
        worker.MapDefaultEndpoints();
        await worker.StartAsync(TestContext.Current.CancellationToken);
        _workers.Add(worker);
        return worker;
    }

    /// <summary>Stops a worker as SIGTERM does.</summary>
    public async Task StopWorkerAsync()
    {
        var worker = _workers[0];
        _workers.RemoveAt(0);
        await worker.StopAsync(TestContext.Current.CancellationToken);
        await worker.DisposeAsync();
    }

    public Task<TestRepository> RepositoryAsync() => TestRepository.CreateAsync(_folder["origin"]);

    /// <summary>A lease for a script.</summary>
    public static Lease Script(string script, TestRepository? repository = null, Action<TaskRequest>? configure = null) =>
        Lease(new() { Prompt = script, Agent = new() { Name = AgentNames.Command } }, repository, configure);

    /// <summary>A lease for the played agent.</summary>
    public static Lease Played(TestRepository? repository = null, Action<TaskRequest>? configure = null) => Lease(new() { Prompt = "Do it" }, repository, configure);

    /// <summary>Waits until no workspace is there any more.</summary>
    public Task NothingIsLeftAsync() => Eventually.TrueAsync(
        () => Task.FromResult(Directory.GetFileSystemEntries(Folders.Tasks).Length == 0), TimeSpan.FromSeconds(6), "the workspaces are gone");

    public async ValueTask DisposeAsync()
    {
        foreach (var worker in _workers)
        {
            await worker.StopAsync(CancellationToken.None);
            await worker.DisposeAsync();
        }

        await Api.DisposeAsync();
        _folder.Dispose();
    }

    private static Lease Lease(TaskRequest request, TestRepository? repository, Action<TaskRequest>? configure)
    {
        request.Repository = repository is null ? null : new() { Url = repository.Url };
        configure?.Invoke(request);
        return new()
        {
            TaskId = Guid.CreateVersion7(),
            Fence = 1,
            Attempt = 1,
            Run = 1,
            Token = $"cat_{Guid.NewGuid():N}",
            LeaseSeconds = 2,
            Request = request,
            TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
            Usage = new(),
            SecondsUsed = 0,
        };
    }

    private sealed class PlayedAgent(WorkerBench bench) : IAgent
    {
        public string Name => AgentNames.Builtin;

        public bool TakesFeedback => true;

        public Task<AgentResult> RunAsync(AgentRun run, CancellationToken cancellationToken) => bench.Agent(run, cancellationToken);
    }
}
