using System.Net.Http.Headers;
using System.Net.Http.Json;
using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.AppHost.Settings;

namespace CodeAgent.AppHost.Run;

/// <summary>What a task gets that names no model.</summary>
internal static class DefaultModel
{
    private const string Default = "default";
    private const string Simulator = "simulator";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(2);

    /// <summary>A line for people; the gateway knows.</summary>
    public static async Task<string> DescribeAsync(AppHostSettings settings, HttpClient http, CancellationToken stopping)
    {
        using var patience = CancellationTokenSource.CreateLinkedTokenSource(stopping);
        patience.CancelAfter(Patience);
        using var request = new HttpRequestMessage(HttpMethod.Get, $"{settings.GatewayUrl}/v1/models");
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", settings.Keys.Api);
        try
        {
            using var answer = await http.SendAsync(request, patience.Token);
            answer.EnsureSuccessStatusCode();
            var models = await answer.Content.ReadFromJsonAsync(ModelsJson.Default.Models, patience.Token);
            return models?.Data.FirstOrDefault(model => model.Id == Default) switch
            {
                null => "none: see config/gateway.yaml",
                { Provider: Simulator } =>
                    "simulator, which is no model but plays scripts. For a real one set OPENAI_API_KEY or ANTHROPIC_API_KEY, or start Ollama",
                var model => $"{model.UpstreamModel} of {model.Provider}",
            };
        }
        catch (Exception e) when (e is HttpRequestException or JsonException || (e is OperationCanceledException && !stopping.IsCancellationRequested))
        {
            return $"the gateway did not say ({e.Message})";
        }
    }
}

/// <summary>What we read of <c>GET /v1/models</c>.</summary>
internal sealed record Models(IReadOnlyList<Model> Data);

/// <summary>An entry of it.</summary>
internal sealed record Model(string Id, string? Provider, string? UpstreamModel);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(Models))]
internal sealed partial class ModelsJson : JsonSerializerContext;
