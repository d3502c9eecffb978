using CliWrap;
using CliWrap.Buffered;
using CodeAgent.Testing.Npm;

[assembly: AssemblyFixture(typeof(NpmClients))]

namespace CodeAgent.Testing.Npm;

/// <summary>
/// The clients that are published on npm, installed under <c>artifacts/clients</c> by npm. It is more than a gigabyte, so
/// they are only fetched where <see cref="Switch"/> is set.
/// </summary>
public sealed class NpmClients : IAsyncLifetime
{
    public const string Switch = "CODEAGENT_TEST_CLIENTS";
    private static readonly TimeSpan Patience = TimeSpan.FromMinutes(8);

    /// <summary>Why they are not there; null where they are.</summary>
    public string? Unavailable { get; private set; } = $"set {Switch}=1 to fetch the clients from npm and test with them";

    public static string Folder { get; } = Path.GetFullPath(Path.Combine(AppContext.BaseDirectory, "../../../clients"));

    public async ValueTask InitializeAsync()
    {
        if (Environment.GetEnvironmentVariable(Switch) != "1")
        {
            return;
        }

        using var limit = new CancellationTokenSource(Patience);
        try
        {
            Directory.CreateDirectory(Folder);
            foreach (var file in Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "npm")))
            {
                File.Copy(file, Path.Combine(Folder, Path.GetFileName(file)), overwrite: true);
            }

            var npm = await Cli.Wrap("npm").WithArguments(["install", "--no-audit", "--no-fund", "--loglevel=error"]).WithWorkingDirectory(Folder)
                .WithValidation(CommandResultValidation.None).ExecuteBufferedAsync(limit.Token);
            Unavailable = npm.ExitCode == 0 ? null : $"npm install failed: {npm.StandardError.Trim()}";
        }
        catch (Exception e) when (e is System.ComponentModel.Win32Exception or OperationCanceledException)
        {
            Unavailable = $"npm cannot be used: {e.Message}";
        }
    }

    public ValueTask DisposeAsync() => ValueTask.CompletedTask;

    /// <summary>Where the programs are that npm installed.</summary>
    public static string Programs { get; } = Path.Combine(Folder, "node_modules", ".bin");

    /// <summary>Path of a program that npm installed.</summary>
    public static string Program(string name) => Path.Combine(Programs, name);
}
