using CodeAgent.Contracts;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Deliveries.PullRequests;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Credentials;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>Real workspaces of real repositories, in a folder that is gone after the test.</summary>
internal sealed class WorkspaceBench : IDisposable
{
    private readonly TestFolder _folder = new();
    private long _fence;

    public WorkspaceBench()
        : this(TimeProvider.System)
    {
    }

    public WorkspaceBench(TimeProvider time)
    {
        Time = time;
        Folders = new(_folder["work"]);
        Services = new ServiceCollection().AddSingleton(Time).AddSingleton<CurrentOptions>(() => Options).AddGitCredentials().BuildServiceProvider();
        Git = new(Folders, Services.GetRequiredService<GitCredentials>());
        Layout = new(Folders, Git);
        Cache = new(Folders, Git, TimeProvider.System, NullLogger<RepositoryCache>.Instance);
        Deliverer = new(Cache, Git, new(Services.GetRequiredService<IHttpClientFactory>(), Services.GetRequiredService<GitCredentials>(), Git, () => Options,
            NullLogger<PullRequestOpener>.Instance), () => Options, time);
        Commands = new CommandRunner(Folders, () => Options, TimeProvider.System, NullLogger<CommandRunner>.Instance);
    }

    public WorkerOptions Options { get; } = new();

    public TimeProvider Time { get; }

    public ServiceProvider Services { get; }

    public WorkFolders Folders { get; }

    public Git Git { get; }

    public RepositoryLayout Layout { get; }

    public RepositoryCache Cache { get; }

    public Deliverer Deliverer { get; }

    public ICommandRunner Commands { get; }

    public string this[string relative] => _folder[relative];

    public static Lease LeaseFor(RepositoryRequest? repository, Checkpoint? checkpoint = null, long fence = 1) => new()
    {
        TaskId = Guid.CreateVersion7(),
        Fence = fence,
        Attempt = 1,
        Run = 1,
        Token = "",
        LeaseSeconds = 10,
        Request = new() { Prompt = "Do it", Repository = repository },
        TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01",
        Checkpoint = checkpoint,
        Usage = new(),
        SecondsUsed = 0,
    };

    /// <summary>A server for the repositories here.</summary>
    public Task<GitServer> ServerAsync(params string[] tokens) => GitServer.StartAsync(_folder.Path, tokens);

    public Task<TestRepository> RepositoryAsync(string name = "origin") => TestRepository.CreateAsync(_folder[name]);

    public Task<Workspace> OpenAsync(TestRepository? repository, string? reference = null, Checkpoint? checkpoint = null) =>
        OpenAsync(LeaseFor(repository is null ? null : new() { Url = repository.Url, Ref = reference }, checkpoint, Interlocked.Increment(ref _fence)));

    public Task<Workspace> OpenAsync(Lease lease)
    {
        var folder = Folders.FolderOf(lease.TaskId, lease.Fence);
        folder.CreateForCommands();
        return new WorkspaceFactory(Cache, Git, Layout, () => Options, TimeProvider.System).OpenAsync(lease, folder, TestContext.Current.CancellationToken);
    }

    /// <summary>Delivers the workspace as it is now.</summary>
    public async Task<Delivery> DeliverAsync(Workspace workspace, DeliveryOrder order) =>
        await Deliverer.DeliverAsync(workspace, await workspace.SnapshotAsync(TestContext.Current.CancellationToken), order, () => Task.CompletedTask, TestContext.Current.CancellationToken);

    /// <summary>Runs a script in a workspace, as an agent would.</summary>
    public async Task<CommandResult> RunAsync(Workspace workspace, string script)
    {
        var result = await Commands.RunAsync(new()
        {
            Script = script,
            Directory = workspace.Folder.Tree,
            TaskId = Guid.NewGuid(),
            TimeLimit = TimeSpan.FromSeconds(30),
        }, TestContext.Current.CancellationToken);
        Assert.True(result.ExitCode == 0, result.Output);
        return result;
    }

    public void Dispose()
    {
        foreach (var folder in Directory.Exists(Folders.Tasks) ? Directory.GetDirectories(Folders.Tasks) : [])
        {
            var temp = new TaskFolder(folder).Temp;
            if (Directory.Exists(temp))
            {
                Directory.Delete(temp, recursive: true);
            }
        }

        Services.Dispose();
        _folder.Dispose();
    }
}
