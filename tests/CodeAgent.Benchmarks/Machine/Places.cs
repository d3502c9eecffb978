namespace CodeAgent.Benchmarks.Machine;

/// <summary>Where things are. The build puts every program under <c>artifacts/bin/PROJECT/CONFIGURATION</c>.</summary>
internal static class Places
{
    private static readonly DirectoryInfo Bin = new(AppContext.BaseDirectory.TrimEnd(Path.DirectorySeparatorChar));

    public static string Configuration => Bin.Name;

    public static string Root { get; } = Bin.Parent!.Parent!.Parent!.Parent!.FullName;

    /// <summary>Everything that a run makes besides its report.</summary>
    public static string Work { get; } = Directory.CreateDirectory(Path.Combine(Root, "artifacts", "benchmarks")).FullName;

    public static string Report => Path.Combine(Root, "docs", "benchmarks.md");

    /// <summary>This program itself, for its roles.</summary>
    public static string[] Self => ["dotnet", Path.Combine(AppContext.BaseDirectory, "CodeAgent.Benchmarks.dll")];

    public static string Beside(string file) => Path.Combine(AppContext.BaseDirectory, file);

    public static string Program(string project) => Path.Combine(Bin.Parent!.Parent!.FullName, project, Configuration, $"{project}.dll");

    /// <summary>A program on the PATH; null where there is none.</summary>
    public static string? OnPath(string name) => (Environment.GetEnvironmentVariable("PATH") ?? "").Split(Path.PathSeparator)
        .Select(folder => Path.Combine(folder, name)).FirstOrDefault(File.Exists);
}
