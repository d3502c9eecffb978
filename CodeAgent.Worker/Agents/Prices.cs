using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents;

/// <summary>What tokens cost, by the gateway's list; read once for a run.</summary>
internal sealed partial class Prices(HttpClient http, Uri gateway, ILogger<Prices> log) : IDisposable
{
    private IReadOnlyDictionary<string, Pricing>? _list;

    /// <summary>US dollars for a turn; 0 for a model without a price.</summary>
    /// <param name="answered">The model that answered, by the provider's word.</param>
    /// <param name="asked">The model that was asked for.</param>
    /// <param name="usage">What it used.</param>
    /// <param name="cancellationToken">Stops waiting.</param>
    public async Task<decimal> CostAsync(string? answered, string asked, Usage usage, CancellationToken cancellationToken)
    {
        _list ??= await ReadAsync(cancellationToken);
        if (_list is null || ((answered is null || !_list.TryGetValue(answered, out var price)) && !_list.TryGetValue(asked, out price)))
        {
            return 0;
        }

        const decimal Million = 1_000_000m;
        var fresh = Math.Max(0, usage.InputTokens - usage.CachedInputTokens);
        return ((fresh * price.InputPerMillion)
            + (usage.CachedInputTokens * (price.CachedInputPerMillion ?? price.InputPerMillion))
            + (usage.OutputTokens * price.OutputPerMillion)) / Million;
    }

    public void Dispose() => http.Dispose();

    // The turn is paid and answered by now; not to know its price is no reason to lose it. The next turn asks again.
    private async Task<IReadOnlyDictionary<string, Pricing>?> ReadAsync(CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(TimeSpan.FromSeconds(20));
        try
        {
            var models = await http.GetFromJsonAsync(new Uri(gateway.ToString().TrimEnd('/') + "/models"), PricesJson.Default.ModelList, limit.Token);
            return (models?.Data ?? []).Where(model => model.Pricing is not null)
                .DistinctBy(model => model.Id).ToDictionary(model => model.Id, model => model.Pricing!);
        }
        catch (Exception e) when (e is HttpRequestException or JsonException or IOException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            NoPrices(log, e);
            return null;
        }
    }

    [LoggerMessage(LogLevel.Warning, "The gateway's prices cannot be read; this turn counts 0")]
    private static partial void NoPrices(ILogger log, Exception e);

    internal sealed record ModelList(IReadOnlyList<ModelEntry> Data);

    internal sealed record ModelEntry(string Id, Pricing? Pricing);

    internal sealed record Pricing(decimal InputPerMillion, decimal? CachedInputPerMillion, decimal OutputPerMillion);

    [JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
    [JsonSerializable(typeof(ModelList))]
    internal sealed partial class PricesJson : JsonSerializerContext;
}
