using System.Globalization;

namespace CodeAgent.ServiceDefaults.Lifetime;

internal static class ParentWatchExtensions
{
    // With a parent, a stop has 10 s in all, of which the parent's absence took one to notice. Without one, the host's usual 30 s.
    private static readonly TimeSpan ShutdownTimeout = TimeSpan.FromSeconds(5);

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
