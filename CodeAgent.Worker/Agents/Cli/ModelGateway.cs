using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Agents.Builtin.Models;
using Microsoft.Extensions.Options;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>Asks the gateway, from the worker, what a CLI would find out slowly or tell badly.</summary>
internal sealed class ModelGateway(IHttpClientFactory http, IOptions<BuiltinAgentOptions> options, ILogger<ModelCards> cardsLog)
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Whether a lease may ask a model: a CLI whose key or model is refused tries again for more than a minute, some without a word.</summary>
    /// <returns>Why not; none where it may, or where the gateway does not answer just now, which may be over before the CLI asks.</returns>
    public async Task<TaskFailure?> RefusalAsync(string model, string token, CancellationToken cancellationToken)
    {
        using var client = Client(token);
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(Patience);
        try
        {
            using var answer = await client.GetAsync(new Uri($"{options.Value.Gateway.ToString().TrimEnd('/')}/models/{Uri.EscapeDataString(model)}"), limit.Token);
            if (answer.StatusCode is not (HttpStatusCode.Unauthorized or HttpStatusCode.Forbidden or HttpStatusCode.NotFound))
            {
                return null;
            }

            var text = await answer.Content.ReadAsStringAsync(limit.Token);
            var reason = new CliLine(text).Json is { } json ? json.Text("error", "message") ?? json.Text("detail") ?? text : text;
            return answer.StatusCode == HttpStatusCode.NotFound
                ? text.Contains("model_not_found", StringComparison.Ordinal) ? new(FailureCodes.ModelNotFound, reason) : null
                : new(FailureCodes.ModelFailed, $"The gateway refuses this lease ({(int)answer.StatusCode}): {reason}");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            return null;
        }
    }

    /// <summary>What is known of the models, for one run.</summary>
    public ModelCards Cards(string token) => new(Client(token), options.Value.Gateway, cardsLog);

    private HttpClient Client(string token)
    {
        var client = http.CreateClient(GatewayClient.Name);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return client;
    }
}
