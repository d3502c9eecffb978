using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Providers.OpenAi;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Chat;

/// <summary>
/// The way of a request: 1. it is read; 2. its model leads to a provider; 3. if it is a turn that was answered before, that
/// answer is given; 4. the provider is asked; 5. the answer goes through as it comes; 6. a turn's answer is kept.
/// </summary>
internal sealed class ChatHandler(
    ConfigFile<GatewayConfig> file, ModelCatalog catalog, ModelProviders providers, TurnStore turns,
    GatewayMetrics metrics, ILogger<ChatHandler> logger)
{
    public async Task HandleAsync(HttpContext http)
    {
        using var call = new ModelCall(metrics, logger, http.User.Name(), http.User.TaskToken()?.Task);
        try
        {
            await HandleAsync(http, call);
        }
        catch (ProblemException e)
        {
            call.Failed(e.Status, e.Type.Replace('-', '_'));
            throw;
        }
        catch (Exception e) when (e is OperationCanceledException or IOException && http.RequestAborted.IsCancellationRequested)
        {
            call.Left();
        }
    }

    private async Task HandleAsync(HttpContext http, ModelCall call)
    {
        // 1.
        using var body = await RequestBody.ReadAsync(http.Request, file.Current.MaxRequestBytes);
        var request = new ChatRequest(body.Memory) { Headers = HeaderFilter.FromCaller(http.Request.Headers) };
        call.Model = request.Model;
        try
        {
            // 2.
            var route = call.Route = catalog.Find(request.Model);

            // 3.
            await using var turn = await turns.BeginAsync(http, request, route);
            if (turn?.Recorded is { } recorded)
            {
                call.Replayed = true;
                call.Status = recorded.Status;
                await AnswerRelay.ReplayAsync(http, recorded);
                return;
            }

            // 4.
            call.Asking(route, request.IsStream);
            await using var answer = await providers.Get(route).AskAsync(request, route, http.RequestAborted);

            // 5. and 6.
            await AnswerRelay.PassAsync(http, answer, turn, call);
        }
        finally
        {
            if (request.IsBodyShared)
            {
                body.Abandon();
            }
        }
    }
}
