using CodeAgent.SystemTests.Running;
using CodeAgent.Testing.Npm;

namespace CodeAgent.SystemTests.Clis;

/// <summary>A running system whose workers find the coding CLIs of npm on their PATH.</summary>
public sealed class CliSystem(NpmClients npm) : IAsyncLifetime
{
    // Short, so that there is a checkpoint before a test kills something.
    private const string Agents = """

        agents:
          codex: { checkpointEvery: 1s }
          claude: { checkpointEvery: 1s }
          opencode: { checkpointEvery: 1s }
          gemini: { checkpointEvery: 1s }
          qwen: { checkpointEvery: 1s }
        """;

    internal RunningSystem System { get; private set; } = null!;

    /// <summary>Why there is none; null where there is one.</summary>
    public string? Unavailable => npm.Unavailable;

    public async ValueTask InitializeAsync()
    {
        if (Unavailable is null)
        {
            System = await RunningSystem.StartAsync(new Dictionary<string, string>
            {
                ["PATH"] = $"{NpmClients.Programs}{Path.PathSeparator}{Environment.GetEnvironmentVariable("PATH")}",
            });
            await File.AppendAllTextAsync(Path.Combine(System.Data, "config", "worker.yaml"), Agents);
        }
    }

    public ValueTask DisposeAsync() => System?.DisposeAsync() ?? ValueTask.CompletedTask;
}
