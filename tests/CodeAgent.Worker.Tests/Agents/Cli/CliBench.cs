using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Tests.Agents.Builtin;
using CodeAgent.Worker.Tests.Benches;
using CodeAgent.Worker.Workspaces;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.Worker.Tests.Agents.Clis;

/// <summary>The agents as the worker has them, in front of CLIs that are shell scripts playing what a test says, with real processes.</summary>
internal sealed class CliBench : IAsyncDisposable
{
    private readonly TestFolder _folder = new();
    private readonly WebApplication _worker;
    private readonly WorkFolders _folders;
    private readonly CommandRunner _commands;
    private long _fence;

    private CliBench(ScriptedGateway gateway)
    {
        Gateway = gateway;
        _folders = new(_folder["work"]);
        _commands = new(_folders, () => Options, TimeProvider.System, NullLogger<CommandRunner>.Instance);
        var builder = WebApplication.CreateBuilder();
        builder.Configuration["services:llm-gateway:http:0"] = gateway.Address;
        builder.AddServiceDefaults();
        builder.Logging.ClearProviders();
        builder.AddBuiltinAgent();
        builder.Services.AddSingleton(_folders).AddSingleton<CurrentOptions>(() => Options);
        builder.AddCliAgents();
        _worker = builder.Build();
    }

    public ScriptedGateway Gateway { get; }

    public WorkerOptions Options { get; } = new() { Agents = [] };

    public TestSession Session { get; set; } = new();

    public TaskRequest Request { get; set; } = new() { Prompt = "Do it." };

    public Guid TaskId { get; } = Guid.CreateVersion7();

    /// <summary>The folder of the lease that was run last.</summary>
    public TaskFolder Folder { get; private set; } = null!;

    public string this[string relative] => _folder[relative];

    public static async Task<CliBench> CreateAsync() => new(await ScriptedGateway.StartAsync());

    /// <summary>The options of a CLI, whose program is a script. <c>$STREAMS</c> has the recorded streams.</summary>
    public async Task<CliOptions> FakeAsync(string name, string script)
    {
        var file = _folder[$"{name}.sh"];
        await File.WriteAllTextAsync(file, $"#!/bin/bash\nSTREAMS='{Streams}'\n{Play}\n{script}\n");
        await Bash.RunAsync(_folder.Path, $"chmod +x {file}");
        var options = Options.Agents!.GetValueOrDefault(name) ?? new() { Linger = TimeSpan.FromSeconds(1), CheckpointEvery = TimeSpan.Zero };
        options.Command = file;
        Options.Agents![name] = options;
        return options;
    }

    /// <summary>Runs the agent in a workspace of its own, as a lease does: in the one before where <paramref name="same"/>.</summary>
    public async Task<AgentResult> RunAsync(string name, SavedTurn? from = null, AgentResult? after = null, string? feedback = null, bool same = false, CancellationToken? cancellationToken = null)
    {
        if (!same)
        {
            Folder = _folders.FolderOf(TaskId, ++_fence);
            Directory.CreateDirectory(Folder.Tree);
            await Bash.RunAsync(Folder.Tree, "git init -q");
        }

        var sandbox = new PlainSandbox(_commands) { Gateway = new(new(Gateway.Address), "lease-key") };
        var run = new AgentRun
        {
            Lease = WorkspaceBench.LeaseFor(null) with { TaskId = TaskId, Fence = _fence, Token = "lease-key", Request = Request },
            Workspace = Folder.Tree,
            Sandbox = sandbox,
            Session = Session,
            Turn = from?.Turn ?? after?.Turn ?? 0,
            State = from?.State ?? after?.State,
            MessagesSeen = from?.MessagesSeen ?? after?.MessagesSeen ?? 0,
            Usage = from?.Usage ?? after?.Usage ?? new(),
            Feedback = feedback,
        };
        return await _worker.Services.GetServices<IAgent>().Single(agent => agent.Name == name).RunAsync(run, cancellationToken ?? TestContext.Current.CancellationToken);
    }

    /// <summary>A file that the fake CLI left in its home.</summary>
    public Task<string> HomeFileAsync(string name) => File.ReadAllTextAsync(Path.Combine(Folder.Home, name), TestContext.Current.CancellationToken);

    /// <summary>The events, each as its type and its data, paths of the workspace as the recorded ones.</summary>
    public string Told(AgentResult result)
    {
        var events = Session.All.Select(e => $"{e.Type} {JsonSerializer.Serialize(e.Data, Plain)}");
        var end = result.Failure is { } failure ? $"failed {failure.Code}: {failure.Message}" : $"done: {result.Summary}";
        return string.Join('\n', [.. events, $"{end} [turn {result.Turn}, {result.Usage.InputTokens} in, {result.Usage.CachedInputTokens} cached, {result.Usage.OutputTokens} out]"])
            .Replace(Folder.Tree, "/repo", StringComparison.Ordinal) + "\n";
    }

    public async ValueTask DisposeAsync()
    {
        await _worker.DisposeAsync();
        await Gateway.DisposeAsync();
        foreach (var folder in Directory.Exists(_folders.Tasks) ? Directory.GetDirectories(_folders.Tasks) : [])
        {
            var temp = new TaskFolder(folder).Temp;
            if (Directory.Exists(temp))
            {
                Directory.Delete(temp, recursive: true);
            }
        }

        _folder.Dispose();
    }

    public static string Streams { get; } = Path.Combine(AppContext.BaseDirectory, "Agents", "Cli", "Streams");

    private static readonly JsonSerializerOptions Plain = new() { Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    // play FILE: the recorded stream, with the folder that the CLI works in.
    private const string Play = """
        echo start >> "$HOME/starts"
        play() { sed "s#/repo#$PWD#g" "$STREAMS/$1"; }
        printf '%s\n' "$@" > "$HOME/arguments.$(wc -l < "$HOME/starts")"
        env > "$HOME/environment"
        cat > "$HOME/stdin.$(wc -l < "$HOME/starts")"
        """;
}
