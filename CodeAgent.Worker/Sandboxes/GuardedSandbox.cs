using CodeAgent.Worker.Processes;

namespace CodeAgent.Worker.Sandboxes;

/// <summary>A sandbox whose end is no failure of the task: what was done and delivered in it stands, whatever cannot be put away.</summary>
internal sealed partial class GuardedSandbox(ISandbox sandbox, ILogger logger) : ISandbox
{
    public string Kind => sandbox.Kind;

    public GatewayAccess Gateway => sandbox.Gateway;

    public Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken) => sandbox.RunAsync(command, cancellationToken);

    public Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken) => sandbox.StartAsync(command, cancellationToken);

    public async ValueTask DisposeAsync()
    {
        try
        {
            await sandbox.DisposeAsync();
        }
        catch (Exception e)
        {
            LogStays(e);
        }
    }

    [LoggerMessage(LogLevel.Error, "A sandbox could not be put away; the janitors will see to what is left of it")]
    private partial void LogStays(Exception exception);
}
