using System.Text.Json;

namespace CodeAgent.Benchmarks.Overnight;

/// <summary>What was used, by somebody's books.</summary>
internal sealed record Books(long InputTokens, long OutputTokens, decimal CostUsd)
{
    /// <summary>The books of a gateway.</summary>
    public static async Task<Books> ReadAsync(Uri gateway, string key, CancellationToken stop)
    {
        using var http = new HttpClient { BaseAddress = gateway, DefaultRequestHeaders = { Authorization = new("Bearer", key) } };
        var yesterday = DateOnly.FromDateTime(TimeProvider.System.GetUtcNow().UtcDateTime.AddDays(-1));
        var usage = await http.GetFromJsonAsync<JsonElement>($"admin/usage?by=model&from={yesterday:yyyy-MM-dd}", stop);
        var total = usage.GetProperty("total");
        return new(total.GetProperty("inputTokens").GetInt64(), total.GetProperty("outputTokens").GetInt64(), total.GetProperty("costUsd").GetDecimal());
    }

    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{InputTokens:N0} tokens in, {OutputTokens:N0} out, {CostUsd:0.000000} US dollars");
}
