using System.Text.Json;
using System.Text.Json.Serialization;
using System.Threading.Channels;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Run;

/// <summary>Where everything is, for programs: there while the system runs, and always whole.</summary>
internal sealed class RunFile : IAsyncDisposable
{
    private readonly AppHostSettings _settings;
    private readonly IRunningSystem _system;
    private readonly string _redis;
    private readonly Channel<bool> _changes = Channel.CreateBounded<bool>(new BoundedChannelOptions(1) { FullMode = BoundedChannelFullMode.DropWrite });

    public RunFile(AppHostSettings settings, IRunningSystem system, string redis)
    {
        (_settings, _system, _redis) = (settings, system, redis);
        system.Changed += Note;
    }

    public Task WriteAsync()
    {
        var facts = new RunFacts(
            _settings.ApiUrl, _settings.GatewayUrl, _settings.Dashboard ? _settings.DashboardUrl : null,
            _redis, _settings.Keys.ApiFile, Environment.ProcessId, _system.Pids);
        return PrivateFile.WriteAsync(_settings.Data.RunFile, JsonSerializer.Serialize(facts, RunJson.Default.RunFacts));
    }

    /// <summary>Writes it again whenever a service runs under another process id.</summary>
    public async Task KeepAsync(CancellationToken stopping)
    {
        await foreach (var _ in _changes.Reader.ReadAllAsync(stopping))
        {
            await WriteAsync();
        }
    }

    public ValueTask DisposeAsync()
    {
        _system.Changed -= Note;
        File.Delete(_settings.Data.RunFile);
        return ValueTask.CompletedTask;
    }

    private void Note() => _changes.Writer.TryWrite(true);
}

/// <summary>The content of <see cref="RunFile"/>.</summary>
/// <param name="ApiUrl">Without a slash at the end.</param>
/// <param name="GatewayUrl">Likewise.</param>
/// <param name="DashboardUrl">Null without one.</param>
/// <param name="Redis">A connection string, with its password.</param>
/// <param name="KeyFile">Has the key; null where that came from the environment.</param>
/// <param name="Pid">Of the AppHost.</param>
/// <param name="Pids">By resource; replicas are numbered: <c>worker-1</c>.</param>
internal sealed record RunFacts(
    string ApiUrl, string GatewayUrl, string? DashboardUrl, string Redis, string? KeyFile, int Pid, IReadOnlyDictionary<string, int> Pids);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, WriteIndented = true)]
[JsonSerializable(typeof(RunFacts))]
internal sealed partial class RunJson : JsonSerializerContext;
