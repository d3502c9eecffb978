namespace CodeAgent.AppHost.Settings;

/// <summary>Where a run keeps what.</summary>
internal sealed record DataDirectory(string Root)
{
    public string Keys => Path.Combine(Root, "dev");

    public string Redis => Path.Combine(Root, "redis");

    public string Store => Path.Combine(Root, "store");

    public string Logs => Path.Combine(Root, "logs");

    /// <summary>Written when all is ready: where everything is, for programs.</summary>
    public string RunFile => Path.Combine(Root, "run.json");
}
