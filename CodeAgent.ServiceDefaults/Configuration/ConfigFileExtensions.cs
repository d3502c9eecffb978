namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>The configuration files of a service.</summary>
public static class ConfigFileExtensions
{
    private const string Home = "CODEAGENT_HOME";
    private const string DirectoryKey = "Config:Directory";

    /// <summary>
    /// Adds a <see cref="ConfigFile{T}"/> for a file in the folder <c>config</c> under <c>CODEAGENT_HOME</c> (the current folder
    /// where that is not set), or in the folder that the setting <c>Config:Directory</c> names, and reads it again when it changes.
    /// </summary>
    /// <param name="builder">The service's builder.</param>
    /// <param name="name">Name of the file, for instance <c>gateway.yaml</c>.</param>
    /// <param name="validate">Says what is wrong with a configuration.</param>
    /// <exception cref="ConfigFileException">The file is not valid.</exception>
    public static async Task<ConfigFile<T>> AddConfigFileAsync<T>(
        this WebApplicationBuilder builder, string name, Action<T, ConfigProblems> validate)
        where T : class, new()
    {
        var configuration = builder.Configuration;
        var folder = configuration[DirectoryKey] is { Length: > 0 } set ? set
            : Path.Combine(configuration[Home] is { Length: > 0 } home ? home : Directory.GetCurrentDirectory(), "config");

        // What a host was given for itself (arguments, settings of a test) comes before the variables of its process.
        var file = await ConfigFile.LoadAsync(
            Path.Combine(folder, name), variable => configuration[variable] ?? Environment.GetEnvironmentVariable(variable), validate);
        builder.Services.AddSingleton(file);
        builder.Services.AddHostedService<ConfigFileWatcher<T>>();
        return file;
    }
}
