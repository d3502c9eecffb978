using System.Runtime.InteropServices;

namespace CodeAgent.Worker.Sandboxes.Network;

/// <summary>How this program is started again, in another role.</summary>
internal static class WorkerProgram
{
    private static readonly string Assembly = typeof(WorkerProgram).Assembly.Location;

    /// <summary>Where the .NET that the worker runs on is.</summary>
    public static string DotnetRoot { get; } = Environment.GetEnvironmentVariable("DOTNET_ROOT") is { Length: > 0 } root ? root : RootOf(RuntimeEnvironment.GetRuntimeDirectory());

    /// <summary>The program and its first arguments. Published as one file, it is itself.</summary>
    public static IReadOnlyList<string> Line { get; } = Assembly.Length > 0 ? [Path.Combine(DotnetRoot, "dotnet"), "exec", Assembly] : [Environment.ProcessPath ?? "CodeAgent.Worker"];

    // /usr/share/dotnet/shared/Microsoft.NETCore.App/10.0.0/. A program with the runtime in it has no such root: three folders up
    // from it could be anything, the machine's own root included.
    private static string RootOf(string runtime) => Path.GetFullPath(Path.Combine(runtime, "..", "..", "..")) is var root && File.Exists(Path.Combine(root, "dotnet"))
        ? root : runtime.TrimEnd('/');

    /// <summary>The folder with all of it.</summary>
    public static string Folder => AppContext.BaseDirectory.TrimEnd('/');
}
