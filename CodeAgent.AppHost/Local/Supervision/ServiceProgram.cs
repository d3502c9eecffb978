using System.Diagnostics;

namespace CodeAgent.AppHost.Local;

/// <summary>Where the build put a service: beside this program, <c>artifacts/bin/PROJECT/CONFIGURATION/</c>.</summary>
internal static class ServiceProgram
{
    public static ProcessStartInfo Find(string assembly)
    {
        var own = new DirectoryInfo(Path.TrimEndingDirectorySeparator(AppContext.BaseDirectory));
        var folder = Path.Combine(own.Parent!.Parent!.FullName, assembly, own.Name);

        // Started by `dotnet X.dll`: so are they, because the program alone might not find a .NET that is in no usual place.
        return Path.GetFileNameWithoutExtension(Environment.ProcessPath) == "dotnet"
            ? new ProcessStartInfo(Environment.ProcessPath!, [Path.Combine(folder, $"{assembly}.dll")])
            : new ProcessStartInfo(Path.Combine(folder, OperatingSystem.IsWindows() ? $"{assembly}.exe" : assembly));
    }
}
