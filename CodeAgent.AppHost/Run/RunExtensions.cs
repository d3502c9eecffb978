using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Run;

internal static class RunExtensions
{
    /// <summary>Starts everything, says where it is when it is ready, and returns when all of it has stopped.</summary>
    /// <exception cref="SettingsException">A port is taken, or a folder.</exception>
    public static async Task RunToEndAsync(this DistributedApplication app, AppHostSettings settings)
    {
        if (settings.Publishing)
        {
            await app.RunAsync();
            return;
        }

        settings.Ports.Check(settings.Dashboard, settings.Redis.Kind == RedisKind.Embedded);
        await app.StartAsync(CancellationToken.None);
        try
        {
            await AnnounceAsync(app, settings);
        }
        catch
        {
            await app.StopAsync(CancellationToken.None);
            throw;
        }
    }

    private static async Task AnnounceAsync(DistributedApplication app, AppHostSettings settings)
    {
        var system = app.Services.GetRequiredService<IRunningSystem>();
        var stopping = app.Services.GetRequiredService<IHostApplicationLifetime>().ApplicationStopping;
        try
        {
            await system.WaitUntilReadyAsync(stopping);
            await using var file = new RunFile(settings, system, await system.RedisAsync(stopping));
            await file.WriteAsync();
            await Console.Out.WriteAsync(Announcement.For(settings, system, await DescribeModelAsync(app, settings, stopping)));
            await file.KeepAsync(stopping);
        }
        catch (OperationCanceledException) when (stopping.IsCancellationRequested)
        {
            // Ctrl+C, perhaps before it was ready.
        }

        await app.WaitForShutdownAsync(CancellationToken.None);
    }

    private static async Task<string> DescribeModelAsync(DistributedApplication app, AppHostSettings settings, CancellationToken stopping)
    {
        using var http = app.Services.GetRequiredService<IHttpClientFactory>().CreateClient();
        return await DefaultModel.DescribeAsync(settings, http, stopping);
    }
}
