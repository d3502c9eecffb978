namespace CodeAgent.ServiceDefaults.Http;

/// <summary>Where a service listens when nobody says so.</summary>
public static class DefaultUrl
{
    private static readonly string[] Settings = ["urls", "http_ports", "https_ports"];

    /// <summary>Listens at <paramref name="url"/> unless the configuration names addresses, ports or Kestrel's endpoints.</summary>
    public static void UseDefaultUrl(this WebApplicationBuilder builder, string url)
    {
        var configuration = builder.Configuration;
        if (Settings.All(setting => string.IsNullOrEmpty(configuration[setting])) && !configuration.GetSection("Kestrel:Endpoints").Exists())
        {
            builder.WebHost.UseUrls(url);
        }
    }
}
