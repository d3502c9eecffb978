using System.Collections.Concurrent;
using System.Text.Json;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>Knows which of the providers that may or may not be there are there, and which model each lists first.</summary>
internal sealed partial class ProviderProbe(ConfigFile<GatewayConfig> file, ProviderClients clients, ILogger<ProviderProbe> logger)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(1);
    private readonly ConcurrentDictionary<string, Listing> _found = [];

    public bool Answers(string provider) => Find(provider) is not null;

    /// <summary>The first model that the provider lists; null where it lists none or does not answer.</summary>
    public string? FirstModel(string provider) => Find(provider)?.FirstModel;

    /// <summary>Asks every provider about which this matters, all at once.</summary>
    public Task AskAsync(CancellationToken cancellationToken)
    {
        var config = file.Current;
        var chosen = config.Models.Values.SelectMany(model => model.All)
            .Where(deployment => deployment.Model == ModelConfig.FirstListed).Select(deployment => deployment.Provider).ToHashSet();
        return Task.WhenAll(config.Providers
            .Where(provider => provider.Value.Kind is not ProviderKind.Simulator
                && (provider.Value.Detect || chosen.Contains(provider.Key)) && provider.Value.ApiKey is not { HasValue: false })
            .Select(provider => AskAsync(provider.Key, provider.Value, cancellationToken)));
    }

    // What was found at one address says nothing of another that the configuration names now.
    private Listing? Find(string provider) =>
        _found.TryGetValue(provider, out var listing) && file.Current.Providers.TryGetValue(provider, out var config)
            && config.BaseUrl == listing.BaseUrl ? listing : null;

    private async Task AskAsync(string name, ProviderConfig provider, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var request = ProviderClients.Request(HttpMethod.Get, provider, ProviderKinds.ListPath(provider));
            foreach (var (header, value) in ProviderKinds.Headers(provider.Protocols()[0], [], provider))
            {
                request.Headers.TryAddWithoutValidation(header, value);
            }

            using var response = await clients.Get(name, provider).SendAsync(request, limit.Token);
            response.EnsureSuccessStatusCode();
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            using var json = await JsonDocument.ParseAsync(body, default, limit.Token);
            _found[name] = new(provider.BaseUrl!, FirstId(json.RootElement));
        }
        catch (Exception e) when (!cancellationToken.IsCancellationRequested)
        {
            // Whatever it is: one provider's probe must not end the others', nor the service.
            LogAbsent(name, provider.BaseUrl, e.Message);
            _found.TryRemove(name, out _);
        }
    }

    // { "object": "list", "data": [ { "id": "qwen3-coder:30b", … }, … ] }, and Google's { "models": [ { "name": "models/gemini-3-pro", … }, … ] }
    private static string? FirstId(JsonElement root)
    {
        const string Folder = "models/";
        var id = First(root, "data", "id") ?? First(root, "models", "name");
        return id?.StartsWith(Folder, StringComparison.Ordinal) == true ? id[Folder.Length..] : id;
    }

    private static string? First(JsonElement root, string list, string name) =>
        root.ValueKind == JsonValueKind.Object && root.TryGetProperty(list, out var data) && data.ValueKind == JsonValueKind.Array
            ? data.EnumerateArray()
                .Select(model => model.ValueKind == JsonValueKind.Object && model.TryGetProperty(name, out var id) && id.ValueKind == JsonValueKind.String ? id.GetString() : null)
                .FirstOrDefault(id => !string.IsNullOrEmpty(id))
            : null;

    [LoggerMessage(LogLevel.Debug, "{Provider} does not answer at {BaseUrl}: {Reason}")]
    private partial void LogAbsent(string provider, string? baseUrl, string reason);

    private sealed record Listing(string BaseUrl, string? FirstModel);
}
