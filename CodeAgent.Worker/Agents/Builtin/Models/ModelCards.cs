using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>What the gateway tells about its models; read once for a run.</summary>
internal sealed partial class ModelCards(HttpClient http, Uri gateway, ILogger<ModelCards> log) : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private IReadOnlyDictionary<string, ModelCard>? _list;

    /// <summary>The models by name; none of them where the list cannot be read just now.</summary>
    public async Task<IReadOnlyDictionary<string, ModelCard>> ListAsync(CancellationToken cancellationToken) =>
        (_list ??= await ReadAsync(cancellationToken)) ?? new Dictionary<string, ModelCard>();

    public void Dispose() => http.Dispose();

    // Not to know a model is no reason to lose a turn. The next question asks again.
    private async Task<IReadOnlyDictionary<string, ModelCard>?> ReadAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Limit);
        try
        {
            var models = await http.GetFromJsonAsync(new Uri(gateway.ToString().TrimEnd('/') + "/models"), ModelCardJson.Default.ModelList, limit.Token);
            return (models?.Data ?? []).DistinctBy(model => model.Id).ToDictionary(model => model.Id, StringComparer.Ordinal);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            NoList(log, e);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The gateway's list of models cannot be read; prices count 0 and the context window is the usual one")]
    private static partial void NoList(ILogger log, Exception e);

    internal sealed record ModelList(IReadOnlyList<ModelCard> Data);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(ModelList))]
    internal sealed partial class ModelCardJson : JsonSerializerContext;
}

/// <summary>What is known of a model.</summary>
/// <param name="Id">Its name.</param>
/// <param name="Pricing">What it costs, where that is known.</param>
/// <param name="ContextWindow">Tokens that it takes at once, its answer included, where that is known.</param>
internal sealed record ModelCard(string Id, ModelPricing? Pricing = null, int? ContextWindow = null);

/// <summary>US dollars for a million tokens.</summary>
internal sealed record ModelPricing(decimal InputPerMillion, decimal? CachedInputPerMillion, decimal OutputPerMillion);
