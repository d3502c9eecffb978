using System.Collections.Concurrent;
using System.Globalization;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Sandboxes.Containers;
using CodeAgent.Worker.Sandboxes.Gateway;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Hosting;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Sandboxes;

/// <summary>A real sandbox around a real workspace.</summary>
internal sealed class SandboxBench : IAsyncDisposable
{
    private readonly WorkspaceBench _workspaces = new();
    private readonly ServiceProvider _services;
    private ISandbox? _sandbox;
    private Workspace? _workspace;

    private SandboxBench()
    {
        var services = new ServiceCollection();
        services.AddLogging();
        services.AddSingleton(TimeProvider.System);
        services.AddSingleton<CurrentOptions>(() => Options);
        services.AddSingleton(new CommandRunner(_workspaces.Folders, () => Options, TimeProvider.System, NullLogger<CommandRunner>.Instance));
        services.AddSandboxes();
        _services = services.BuildServiceProvider();
    }

    public WorkerOptions Options => _workspaces.Options;

    /// <summary>What was noted on the task.</summary>
    public ConcurrentQueue<string> Notes { get; } = new();

    public ISandbox Sandbox => _sandbox!;

    public Workspace Workspace => _workspace!;

    public WorkspaceBench Workspaces => _workspaces;

    private static CancellationToken Token => TestContext.Current.CancellationToken;

    /// <summary>Opens one of a kind. The test is skipped, and says why, where this machine has none.</summary>
    public static async Task<SandboxBench> OpenAsync(SandboxMode mode, Action<WorkerOptions>? configure = null, Action<TaskRequest>? request = null)
    {
        var bench = new SandboxBench();
        bench.Options.Sandbox.Mode = mode;
        configure?.Invoke(bench.Options);
        try
        {
            await bench.OpenAsync(request);
            return bench;
        }
        catch (TaskFailedException e) when (e.Failure.Code == FailureCodes.SandboxUnavailable && mode is (SandboxMode.Bubblewrap or SandboxMode.Container) && request is null)
        {
            await bench.DisposeAsync();
            Assert.Skip(e.Failure.Message);
            throw;
        }
        catch
        {
            await bench.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs a script in it.</summary>
    public Task<CommandResult> RunAsync(string script, int seconds = 60, CancellationToken? cancellationToken = null, Func<string, CancellationToken, ValueTask>? onOutput = null) =>
        Sandbox.RunAsync(Line(seconds) with { Script = script, OnOutput = onOutput }, cancellationToken ?? Token);

    /// <summary>Has the janitor of containers look once.</summary>
    public Task SweepContainersAsync() => _services.GetServices<IHostedService>().OfType<ContainerJanitor>().Single().SweepAsync(Token);

    public CommandLine Line(int seconds = 60) => new() { Directory = Workspace.Folder.Tree, TaskId = Guid.NewGuid(), TimeLimit = TimeSpan.FromSeconds(seconds) };

    /// <summary>Waits until no process of this machine has the word in its command line.</summary>
    public static Task NobodyAsync(string word) => Eventually.TrueAsync(async () => !await AnybodyAsync(word), TimeSpan.FromSeconds(2), $"no process with '{word}' is left");

    /// <summary>Whether a process of this machine has the word in its command line.</summary>
    public static async Task<bool> AnybodyAsync(string word)
    {
        foreach (var process in await ProcessTable.ListAsync(Token))
        {
            var path = $"/proc/{process.Id.ToString(CultureInfo.InvariantCulture)}/cmdline";
            try
            {
                if (!process.Ended && (await File.ReadAllTextAsync(path, Token)).Contains(word, StringComparison.Ordinal))
                {
                    return true;
                }
            }
            catch (IOException)
            {
                // It is gone.
            }
        }

        return false;
    }

    public async ValueTask DisposeAsync()
    {
        if (_sandbox is not null)
        {
            await _sandbox.DisposeAsync();
        }

        await _services.GetRequiredService<GatewayRelay>().StopAsync(CancellationToken.None);
        await _services.DisposeAsync();
        if (_workspace is not null && Directory.Exists(_workspace.Folder.Sockets))
        {
            Directory.Delete(_workspace.Folder.Sockets, recursive: true);
        }

        _workspaces.Dispose();
    }

    private static IReadOnlyList<string> Programs(string agent) => agent is AgentNames.Builtin or AgentNames.Command ? [] : ["sh"];

    private async Task OpenAsync(Action<TaskRequest>? configure)
    {
        var repository = await _workspaces.RepositoryAsync();
        await repository.CommitAsync(("read.me", "A file\n"));
        var lease = WorkspaceBench.LeaseFor(new() { Url = repository.Url }) with { Token = "cat_the-token-of-the-lease" };
        configure?.Invoke(lease.Request);
        _workspace = await _workspaces.OpenAsync(lease);
        await _services.GetRequiredService<GatewayRelay>().StartAsync(Token);
        var order = new SandboxOrder(lease, _workspace.Folder, [Path.Combine(_workspace.Base.Folder, "objects")], Programs(lease.Request.Agent.Name), (note, _) =>
        {
            Notes.Enqueue(note);
            return Task.CompletedTask;
        });
        _sandbox = await _services.GetRequiredService<SandboxFactory>().OpenAsync(order, Token);
    }
}
