using CodeAgent.AppHost.Local.Dashboard;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost;

internal static class DashboardExtensions
{
    public static void AddDashboard(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        _ = settings;
        builder.Services.AddSingleton<DashboardProcess>();
    }
}
