using System.Globalization;

namespace CodeAgent.ServiceDefaults.Lifetime;

internal static class ParentWatchExtensions
{
    // Whoever started it stops all the services within 10 s, in turns. Without a parent, the host's usual 30 s.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(4);

    /// <summary>Ties the service to the process that started it, where that named itself.</summary>
    public static void AddParentWatch(this WebApplicationBuilder builder)
    {
        if (int.TryParse(builder.Configuration[ParentWatch.Variable], NumberStyles.None, CultureInfo.InvariantCulture, out var parent))
        {
            builder.Services.PostConfigure<HostOptions>(host => host.ShutdownTimeout = ShutdownTimeout);
            builder.Services.AddSingleton<IHostLifetime, SupervisedLifetime>();
            builder.Services.AddHostedService(services => ActivatorUtilities.CreateInstance<ParentWatch>(services, parent));
        }
    }
}
