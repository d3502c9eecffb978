using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>How this program is started again, in another role.</summary>
internal static class WorkerProgram
{
    private static readonly string Assembly = typeof(WorkerProgram).Assembly.Location;

    /// <summary>Where the .NET that the worker runs on is.</summary>
    public static string DotnetRoot { get; } = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? root
        : Path.GetFullPath(Path.Combine(RuntimeEnvironment.GetRuntimeDirectory(), "..", "..", ".."));

    /// <summary>The program and its first arguments. Published as one file, it is itself.</summary>
    public static IReadOnlyList<string> Line { get; } = Assembly.Length > 0 ? [Path.Combine(DotnetRoot, "dotnet"), "exec", Assembly] : [Environment.ProcessPath ?? "CodeAgent.Worker"];

    /// <summary>The folder with all of it.</summary>
    public static string Folder => AppContext.BaseDirectory.TrimEnd('/');
}
