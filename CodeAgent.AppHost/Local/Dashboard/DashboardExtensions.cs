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

    /// <summary>Publishing is Aspire's alone.</summary>
    public static void AddPublishing(this IDistributedApplicationBuilder builder, AppHostSettings settings)
    {
        _ = settings;
        if (builder.Configuration["operation"] == "publish")
        {
            throw new SettingsException("Publishing needs the Aspire packages, which this build is without (-p:UseAspire=true).");
        }
    }
}
