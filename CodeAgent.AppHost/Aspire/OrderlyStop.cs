namespace CodeAgent.AppHost;

/// <summary>
/// Stops the services in turns: first those that wait for others, so that a worker gives its tasks back to an Api that is
/// still there. Aspire by itself stops all at once.
/// </summary>
internal sealed partial class OrderlyStop(DistributedApplicationModel model, ResourceCommandService commands, ILogger<OrderlyStop> logger) : IHostedLifecycleService
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(3);

    public async Task StoppingAsync(CancellationToken cancellationToken)
    {
        foreach (var level in model.GetProjectResources().GroupBy(Depth).OrderByDescending(level => level.Key))
        {
            using var patience = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
            patience.CancelAfter(Patience);
            try
            {
                await Task.WhenAll(level.Select(service => commands.ExecuteCommandAsync(service, KnownResourceCommands.StopCommand, patience.Token)));
            }
            catch (OperationCanceledException) when (patience.IsCancellationRequested)
            {
                // Aspire ends what is left.
                LogSlow(string.Join(", ", level.Select(service => service.Name)), Patience.TotalSeconds);
            }
        }
    }

    public Task StartingAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StartedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StopAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    public Task StoppedAsync(CancellationToken cancellationToken) => Task.CompletedTask;

    private static int Depth(IResource resource) => resource.Annotations.OfType<WaitAnnotation>()
        .Select(wait => wait.Resource).OfType<ProjectResource>().Select(service => 1 + Depth(service)).DefaultIfEmpty().Max();

    [LoggerMessage(LogLevel.Warning, "Not stopped within {Seconds} s: {Names}")]
    private partial void LogSlow(string names, double seconds);
}
