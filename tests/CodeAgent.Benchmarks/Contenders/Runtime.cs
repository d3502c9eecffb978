namespace CodeAgent.Benchmarks.Contenders;

/// <summary>Settings of the .NET runtime for programs that do not bring their own.</summary>
internal static class Runtime
{
    /// <summary>The collector that a web application has unless it says otherwise.</summary>
    public static IReadOnlyDictionary<string, string> ServerGc { get; } = new Dictionary<string, string> { ["DOTNET_gcServer"] = "1" };
}
