using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers.Http;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// The way of a request: 1. it is read; 2. its model leads to deployments; 3. if it is a turn that was answered before, that
/// answer is given; 4. a deployment is asked; 5. the answer goes through as it comes; 6. a turn's answer is kept.
/// </summary>
internal sealed class CallHandler(
    ConfigFile<GatewayConfig> file, ModelCatalog catalog, Dispatcher dispatcher, ProtocolSet protocols, TurnStore turns,
    GatewayMetrics metrics, ILogger<CallHandler> logger)
{
    /// <param name="http">The request.</param>
    /// <param name="protocol">The protocol that the caller speaks.</param>
    /// <param name="operation">What is asked for.</param>
    /// <param name="model">The model, where it is in the address.</param>
    /// <param name="isStream">Whether a stream is wanted, where that is in the address.</param>
    public async Task HandleAsync(HttpContext http, Protocol protocol, Operation operation = Operation.Generate, string? model = null, bool? isStream = null)
    {
        using var call = new ModelCall(metrics, logger, http.User.Name(), http.User.TaskToken()?.Task);
        try
        {
            // 1.
            using var body = await RequestBody.ReadAsync(http.Request, file.Current.MaxRequestBytes);
            var request = new ModelRequest(protocol, operation, body.Memory, model, isStream) { Headers = HeaderFilter.FromCaller(http.Request.Headers) };
            try
            {
                await HandleAsync(http, request, call);
            }
            finally
            {
                if (request.IsBeingSent)
                {
                    body.Abandon();
                }
            }
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

    private async Task HandleAsync(HttpContext http, ModelRequest request, ModelCall call)
    {
        // 2.
        call.Model = request.Model;
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
        var dispatched = await dispatcher.AskAsync(request, route, call, http.RequestAborted);
        await using var answer = dispatched.Answer;

        // 5. and 6.
        await AnswerRelay.PassAsync(http, request, protocols[request.Protocol], dispatched, turn, call);
    }
}
