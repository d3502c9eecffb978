using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Agents.Command;
using CodeAgent.Worker.Checks;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Deliveries.PullRequests;
using CodeAgent.Worker.Leases;
using CodeAgent.Worker.Processes;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;
using CodeAgent.Worker.Workspaces.Credentials;
using CodeAgent.Worker.Workspaces.Disk;

namespace CodeAgent.Worker;

internal static class WorkerExtensions
{
    /// <summary>Adds the options: <c>config/worker.yaml</c>, read again when it changes.</summary>
    /// <exception cref="ConfigFileException">The file is not valid.</exception>
    public static async Task<WebApplicationBuilder> AddWorkerOptionsAsync(this WebApplicationBuilder builder)
    {
        var file = await builder.AddConfigFileAsync<WorkerOptions>("worker.yaml", WorkerOptionsValidator.Validate);
        builder.Services.AddSingleton<CurrentOptions>(() => file.Current);
        return builder;
    }

    /// <summary>Adds workspaces: the cache of repositories, and what cleans up after dead workers.</summary>
    public static WebApplicationBuilder AddWorkspaces(this WebApplicationBuilder builder)
    {
        var home = builder.Configuration["CODEAGENT_HOME"] is { Length: > 0 } set ? set : Directory.GetCurrentDirectory();
        builder.Services.AddSingleton(services => WorkFolders.Of(services.GetRequiredService<CurrentOptions>()(), home));
        builder.Services.AddGitCredentials();
        builder.Services.AddSingleton<Git>().AddSingleton<RepositoryCache>().AddSingleton<RepositoryLayout>().AddSingleton<WorkspaceFactory>().AddSingleton<PullRequestOpener>().AddSingleton<Deliverer>();
        builder.Services.AddSingleton<FreeSpace>(DiskMeasure.Free).AddSingleton<DiskGuard>();
        builder.Services.AddHostedService<SpreadFolder>().AddHostedService<WorkspaceJanitor>().AddHostedService<CacheJanitor>();
        return builder;
    }

    /// <summary>Adds the running of commands.</summary>
    public static WebApplicationBuilder AddCommands(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<CommandRunner>().AddSingleton<ICommandRunner>(services => services.GetRequiredService<CommandRunner>()).AddSingleton<CheckRunner>();
        builder.Services.AddSandboxes();
        builder.Services.AddHostedService<OrphanJanitor>();
        return builder;
    }

    /// <summary>Adds the agent whose prompt is a script.</summary>
    public static WebApplicationBuilder AddCommandAgent(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<IAgent, CommandAgent>();
        return builder;
    }

    /// <summary>Adds the loop that claims and runs tasks.</summary>
    public static WebApplicationBuilder AddLeases(this WebApplicationBuilder builder)
    {
        // Giving leases back takes some seconds at most; what takes longer is not waited for.
        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = TimeSpan.FromSeconds(12));
        builder.Services.AddSingleton<WorkerMetrics>().AddSingleton<CliOffer>().AddSingleton<LeaseServices>().AddSingleton<LeaseRunner>();
        builder.Services.AddHostedService<LeaseLoop>();
        return builder;
    }
}
