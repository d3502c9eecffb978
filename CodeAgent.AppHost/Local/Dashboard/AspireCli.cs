using System.ComponentModel;
using System.Diagnostics;
using System.Runtime.InteropServices;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Local.Dashboard;

/// <summary>There is no dashboard; the message says why.</summary>
internal sealed class AspireCliException(string message) : Exception(message);

/// <summary>The Aspire command line, which carries the dashboard, from its npm package for this platform.</summary>
internal sealed class AspireCli(string tools)
{
    private const string Version = "13.5.4";

    private readonly string _folder = Path.Combine(tools, "aspire-cli", Version);

    public bool IsInstalled => File.Exists(Program);

    // npm's names of the platforms are .NET's: linux-x64, linux-musl-x64, osx-arm64, win-x64.
    private static string Package => $"@microsoft/aspire-cli-{RuntimeInformation.RuntimeIdentifier}";

    private string Program => Path.Combine(_folder, "node_modules", Package, "bin", OperatingSystem.IsWindows() ? "aspire.exe" : "aspire");

    /// <exception cref="AspireCliException">There is no npm, or it cannot install the package.</exception>
    public async Task InstallAsync(LogFile log, CancellationToken stopping)
    {
        Directory.CreateDirectory(_folder);
        await using var npm = Start(OperatingSystem.IsWindows() ? "npm.cmd" : "npm",
            ["install", "--prefix", _folder, "--no-save", "--no-audit", "--no-fund", "--ignore-scripts", $"{Package}@{Version}"], log, Prepare);
        var code = await npm.WaitAsync(stopping);
        if (code != 0 || !IsInstalled)
        {
            throw new AspireCliException(
                code == 127 ? "npm, which would install it, is not on the PATH" : $"npm could not install {Package}@{Version} (code {code})");
        }
    }

    /// <exception cref="AspireCliException">The program does not start.</exception>
    public GuardedProcess StartDashboard(AppHostSettings settings, LogFile log) => Start(
        Program,
        [
            "dashboard", "run",
            "--frontend-url", settings.DashboardUrl,
            "--otlp-grpc-url", settings.OtlpUrl,
            "--otlp-http-url", "http://127.0.0.1:0",
            "--allow-anonymous", "--non-interactive", "--nologo",
        ],
        log,
        start =>
        {
            // It prefers what our own launch profile says to what it is told here.
            foreach (var name in start.Environment.Keys.Where(IsOurs).ToArray())
            {
                start.Environment.Remove(name);
            }

            Prepare(start);
        });

    private static bool IsOurs(string variable) =>
        variable.StartsWith("ASPIRE_", StringComparison.Ordinal)
        || variable.StartsWith("ASPNETCORE_", StringComparison.Ordinal)
        || variable.StartsWith("OTEL_", StringComparison.Ordinal)
        || variable is "DOTNET_ENVIRONMENT" or "DOTNET_LAUNCH_PROFILE";

    // What it unpacks and remembers stays with us, and not in the user's home.
    private void Prepare(ProcessStartInfo start)
    {
        start.Environment["ASPIRE_CLI_TELEMETRY_OPTOUT"] = "1";
        start.Environment["ASPIRE_HOME"] = Path.Combine(tools, "aspire-home");
        start.Environment["NO_COLOR"] = "1";
    }

    private static GuardedProcess Start(string program, string[] arguments, LogFile log, Action<ProcessStartInfo> prepare)
    {
        try
        {
            return GuardedProcess.Start(program, arguments, log, prepare);
        }
        catch (Win32Exception e)
        {
            throw new AspireCliException($"{program} does not start: {e.Message}");
        }
    }
}
