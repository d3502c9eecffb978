namespace CodeAgent.AppHost.Settings;

internal static class AppHostOptions
{
    /// <summary>What has to be known before there is a builder.</summary>
    public static DistributedApplicationOptions From(string[] args) => new()
    {
        Args = args,
        // All of it stays on 127.0.0.1, and a clean machine has no certificate.
        AllowUnsecuredTransport = true,
        DisableDashboard = !WithDashboard(new ConfigurationBuilder().AddEnvironmentVariables().AddCommandLine(args).Build()),
    };

    /// <exception cref="SettingsException">Neither true nor false.</exception>
    public static bool WithDashboard(IConfiguration configuration)
    {
        var text = configuration["Dashboard:Enabled"] ?? configuration["Dashboard"];
        return string.IsNullOrWhiteSpace(text) ? true
            : bool.TryParse(text, out var wanted) ? wanted
            : throw new SettingsException($"Dashboard:Enabled is '{text}'; it must be true or false.");
    }
}
