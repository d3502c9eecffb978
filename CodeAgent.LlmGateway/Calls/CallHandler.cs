using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Keys;
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
/// answer is given; 4. what it may use is reserved; 5. a deployment is asked; 6. the answer goes through as it comes; 7. a turn's
/// answer is kept; 8. what it used is settled, however it ended.
/// </summary>
internal sealed class CallHandler(
    ConfigFile<GatewayConfig> file, ModelCatalog catalog, Dispatcher dispatcher, ProtocolSet protocols, TurnStore turns, BudgetDesk budgets,
    GatewayMetrics metrics, TimeProvider time, ILogger<CallHandler> logger)
{
    /// <param name="http">The request.</param>
    /// <param name="protocol">The protocol that the caller speaks.</param>
    /// <param name="operation">What is asked for.</param>
    /// <param name="model">The model, where it is in the address.</param>
    /// <param name="isStream">Whether a stream is wanted, where that is in the address.</param>
    public async Task HandleAsync(HttpContext http, Protocol protocol, Operation operation = Operation.Generate, string? model = null, bool? isStream = null)
    {
        using var call = new ModelCall(metrics, logger, http.User);
        try
        {
            // 1.
            using var body = await RequestBody.ReadAsync(http.Request, file.Current.MaxRequestBytes);
            var request = new ModelRequest(protocol, operation, body.Memory, model, isStream)
            {
                Headers = HeaderFilter.FromCaller(http.Request.Headers),
                Query = HeaderFilter.WithoutKey(http.Request.QueryString),
                Caller = http.User.Name(),
                Session = ConversationKey.Session(http),
            };
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
        call.Asked(request);
        var route = call.Route = catalog.Find(request.Model);
        ModelAllowance.Require(http.User, request.Model, route);

        // 3.
        await using var turn = await turns.BeginAsync(http, request, route);
        if (turn?.Recorded is { } recorded)
        {
            call.Replayed = true;
            call.Status = recorded.Status;
            budgets.BookRepetition(http.User, route);
            await AnswerRelay.ReplayAsync(http, recorded);
            return;
        }

        // 4.
        var admission = await budgets.AdmitAsync(http, request, route);
        var (spoken, book) = (protocols[request.Protocol], new AttemptBook());
        await using var output = new CallerOutput(http, request, file.Current.KeepAliveInterval, time);
        try
        {
            // 5.
            await using var dispatched = await dispatcher.AskAsync(request, route, book, call, http.RequestAborted);

            // 6. and 7.
            await AnswerRelay.PassAsync(http, request, spoken, dispatched, output, turn, call);
        }
        catch (CallFailedException e)
        {
            await AnswerRelay.FailAsync(http, spoken, e, output, call);
        }
        catch (ProblemException e) when (output.HasStarted)
        {
            call.Failed(e.Status, e.Type.Replace('-', '_'));
            await AnswerRelay.FailWithinAsync(spoken, new(e.Status, e.Type.Replace('-', '_'), e.Message, e.Field), output);
        }
        finally
        {
            // 8. Also where the caller has left and where nothing came of it.
            call.Outcome = book.Close();
            admission.Settle(call.Outcome);
            call.Usd = admission.Usd;
        }
    }
}
