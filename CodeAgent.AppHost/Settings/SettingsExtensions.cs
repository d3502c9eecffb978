using System.Collections;
using System.Globalization;
using System.Text.RegularExpressions;

namespace CodeAgent.AppHost.Settings;

internal static partial class SettingsExtensions
{
    private const string Solution = "CodeAgent.sln";

    /// <summary>Reads the settings and makes what they need: keys, and the folder for data.</summary>
    /// <exception cref="SettingsException">One of them is wrong.</exception>
    public static async Task<AppHostSettings> AddSettingsAsync(this IDistributedApplicationBuilder builder)
    {
        var configuration = builder.Configuration;
        var publishing = builder.ExecutionContext.IsPublishMode;
        var home = Home(configuration);
        var data = new DataDirectory(Path.GetFullPath(Text(configuration, "Data:Directory") ?? Path.Combine(home, "artifacts")));
        var settings = new AppHostSettings
        {
            Home = home,
            Data = data,
            Ports = Ports.Read(configuration),
            Redis = publishing ? RedisChoice.Container : await RedisChoice.ReadAsync(Text(configuration, "Redis")),
            Dashboard = AppHostOptions.WithDashboard(configuration),
            Workers = Number(configuration, "Workers", 2, 1, 64),
            Environment = Text(configuration, "DOTNET_ENVIRONMENT") ?? Environments.Development,
            Keys = publishing ? DevelopmentKeys.None : await DevelopmentKeys.ReadAsync(configuration, data.Keys),
            Publishing = publishing,
            ProviderVariables = publishing ? new HashSet<string>() : await VariablesAsync(configuration, home, "gateway.yaml"),
            ApiVariables = publishing ? new HashSet<string>() : await VariablesAsync(configuration, home, "api.yaml"),
        };
        builder.Services.AddSingleton(settings);
        return settings;
    }

    /// <summary>Tells a service where it is: its folders, its parent, and that prompts, which are people's code, stay out of the traces.</summary>
    public static IResourceBuilder<ProjectResource> WithSettings(this IResourceBuilder<ProjectResource> service, AppHostSettings settings)
    {
        service.WithEnvironment("OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT", "false");
        if (settings.Publishing)
        {
            return service;
        }

        // Aspire sends telemetry to the dashboard's usual place even where there is none, and a service that stops waits for it.
        if (!settings.Dashboard)
        {
            service.WithEnvironment("OTEL_EXPORTER_OTLP_ENDPOINT", "");
        }

        // Where the caller wants telemetry, it goes there and not to the dashboard.
        foreach (var (name, value) in Variables().Where(variable => variable.Name.StartsWith("OTEL_EXPORTER_", StringComparison.Ordinal)))
        {
            service.WithEnvironment(name, value);
        }

        return service
            .WithEnvironment("CODEAGENT_HOME", settings.Home)
            .WithEnvironment("CODEAGENT_DATA", settings.Data.Root)
            .WithEnvironment("Artifacts__Root", settings.Data.Store)
            .WithEnvironment("CODEAGENT_PARENT_PID", System.Environment.ProcessId.ToString(CultureInfo.InvariantCulture))
            .WithEnvironment("DOTNET_ENVIRONMENT", settings.Environment)
            .WithEnvironment("ASPNETCORE_ENVIRONMENT", settings.Environment);
    }

    /// <summary>Lets the page link a task to its trace.</summary>
    public static IResourceBuilder<ProjectResource> WithDashboardLink(this IResourceBuilder<ProjectResource> service, AppHostSettings settings) =>
        settings.Dashboard && !settings.Publishing ? service.WithEnvironment("Dashboard__Url", settings.DashboardUrl) : service;

    /// <summary>Takes the providers' keys away, which every child process of ours would inherit: what the gateway's configuration names, and what is called <c>…_API_KEY</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithoutProviderKeys(this IResourceBuilder<ProjectResource> service, AppHostSettings settings)
    {
        foreach (var (name, _) in Variables().Where(variable => !variable.Name.StartsWith("CODEAGENT_", StringComparison.Ordinal)
            && (settings.ProviderVariables.Contains(variable.Name) || variable.Name.EndsWith("_API_KEY", StringComparison.OrdinalIgnoreCase))))
        {
            service.WithEnvironment(name, "");
        }

        return service;
    }

    /// <summary>Takes the Api's secrets away, likewise: what its configuration names, and what is called <c>…_CALLBACK_SECRET</c>.</summary>
    public static IResourceBuilder<ProjectResource> WithoutApiSecrets(this IResourceBuilder<ProjectResource> service, AppHostSettings settings)
    {
        foreach (var (name, _) in Variables().Where(variable => variable.Name.EndsWith("_CALLBACK_SECRET", StringComparison.OrdinalIgnoreCase)
            || (settings.ApiVariables.Contains(variable.Name) && !variable.Name.StartsWith("CODEAGENT_", StringComparison.Ordinal))))
        {
            service.WithEnvironment(name, "");
        }

        return service;
    }

    private static async Task<IReadOnlySet<string>> VariablesAsync(IConfiguration configuration, string home, string name)
    {
        var file = Path.Combine(Text(configuration, "Config:Directory") ?? Path.Combine(home, "config"), name);
        return File.Exists(file) ? Reference().Matches(await File.ReadAllTextAsync(file)).Select(match => match.Groups[1].Value).ToHashSet() : new HashSet<string>();
    }

    [GeneratedRegex(@"\$\{([A-Za-z_][A-Za-z0-9_]*)")]
    private static partial Regex Reference();

    private static IEnumerable<(string Name, string Value)> Variables() =>
        System.Environment.GetEnvironmentVariables().Cast<DictionaryEntry>().Select(variable => ((string)variable.Key, (string?)variable.Value ?? ""));

    private static string Home(IConfiguration configuration)
    {
        if (Text(configuration, "CODEAGENT_HOME") is { } given)
        {
            return Path.GetFullPath(given);
        }

        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (folder is not null && !File.Exists(Path.Combine(folder.FullName, Solution)))
        {
            folder = folder.Parent;
        }

        return folder?.FullName
            ?? throw new SettingsException($"No folder above {AppContext.BaseDirectory} has {Solution}: set CODEAGENT_HOME to the repository.");
    }

    private static string? Text(IConfiguration configuration, string key) => configuration[key] is { Length: > 0 } text ? text : null;

    private static int Number(IConfiguration configuration, string key, int usual, int least, int most)
    {
        var text = Text(configuration, key);
        return text is null ? usual
            : int.TryParse(text, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number >= least && number <= most ? number
            : throw new SettingsException($"{key} is '{text}'; it must be a number from {least} to {most}.");
    }
}
