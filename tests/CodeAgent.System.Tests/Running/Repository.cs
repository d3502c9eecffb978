namespace CodeAgent.SystemTests.Running;

/// <summary>The checkout that these tests were built from.</summary>
internal static class Repository
{
    public static string Root { get; } = FindRoot();

    public static string Output(string project) =>
        Path.Combine(Root, "artifacts", "bin", project, new DirectoryInfo(AppContext.BaseDirectory).Name);

    private static string FindRoot()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CodeAgent.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException($"No CodeAgent.sln above {AppContext.BaseDirectory}.");
        }

        return folder.FullName;
    }
}
