using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Sandboxes.Bubblewrap;
using CodeAgent.Worker.Sandboxes.Containers;
using CodeAgent.Worker.Sandboxes.Limits;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>Finds out, once, which sandboxes work here, by running something in each.</summary>
internal sealed partial class SandboxProbe(CurrentOptions options, Lazy<Task<CgroupHomes>> homes, ILogger<SandboxProbe> logger) : BackgroundService
{
    private readonly TaskCompletionSource<SandboxChoice> _choice = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int _begun;

    /// <summary>What came out of it.</summary>
    public async Task<SandboxChoice> GetAsync(CancellationToken cancellationToken)
    {
        if (Interlocked.Exchange(ref _begun, 1) == 0)
        {
            await ProbeAsync();
        }

        return await _choice.Task.WaitAsync(cancellationToken);
    }

    protected override Task ExecuteAsync(CancellationToken stoppingToken) => GetAsync(stoppingToken);

    private async Task ProbeAsync()
    {
        try
        {
            var set = options().Sandbox;
            var reasons = new Dictionary<SandboxMode, string>();
            var (bubblewrap, reason) = await BubblewrapProgram.FindAsync(set, CancellationToken.None);
            if (reason is not null)
            {
                reasons[SandboxMode.Bubblewrap] = reason;
            }

            var (engine, noEngine) = await ContainerEngine.FindAsync(set.Container, CancellationToken.None);
            if (noEngine is not null)
            {
                reasons[SandboxMode.Container] = noEngine;
            }

            var kind = set.Mode switch
            {
                SandboxMode.Auto when engine is not null && set.Container.Image is not null => SandboxMode.Container,
                SandboxMode.Auto => bubblewrap is null ? SandboxMode.None : SandboxMode.Bubblewrap,
                var mode => mode,
            };
            if (kind == SandboxMode.None && set.Mode == SandboxMode.Auto)
            {
                LogWeak(string.Join("; ", reasons.Values));
            }
            else
            {
                LogChosen(kind);
            }

            _choice.SetResult(new(kind, set.Mode == SandboxMode.Auto, bubblewrap, engine, await homes.Value, reasons));
        }
        catch (Exception e)
        {
            _choice.SetException(e);
        }
    }

    [LoggerMessage(LogLevel.Information, "Programs of agents and checks run in the sandbox {Kind}")]
    private partial void LogChosen(SandboxMode kind);

    [LoggerMessage(LogLevel.Warning, "Programs of agents and checks run without a sandbox: {Reasons}")]
    private partial void LogWeak(string reasons);
}
