using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Cache;
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
using CodeAgent.ServiceDefaults.Redis;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// The way of a request: 1. it is read; 2. its model leads to deployments; 3. if it is a turn that was answered before, that
/// answer is given; 4. if the cache is wanted and has the answer, that is given; 5. what it may use is reserved; 6. a deployment is
/// asked; 7. the answer goes through as it comes; 8. a turn's answer, and one for the cache, is kept; 9. what it used is settled,
/// however it ended.
/// </summary>
internal sealed class CallHandler(
    ConfigFile<GatewayConfig> file, ModelCatalog catalog, Dispatcher dispatcher, ProtocolSet protocols, TurnStore turns, AnswerCache cache, BudgetDesk budgets,
    GatewayMetrics metrics, ContentCapture capture, TimeProvider time, ILogger<CallHandler> logger)
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
                Hops = Hops.Of(http.Request.Headers),
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
        catch (Exception e)
        {
            // Told to the caller elsewhere; here only what the line of the log says of it.
            var (status, error) = e is BadHttpRequestException bad ? (bad.StatusCode, "bad_request")
                : e.MeansRedisIsAway() ? (StatusCodes.Status503ServiceUnavailable, "redis_unavailable") : (StatusCodes.Status500InternalServerError, "internal_error");
            call.Crashed(status, error);
            throw;
        }
    }

    private async Task HandleAsync(HttpContext http, ModelRequest request, ModelCall call)
    {
        // 2.
        call.Asked(request);
        var route = call.Route = catalog.Find(http.User, request.Model);

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

        await using var output = new CallerOutput(http, request, file.Current.KeepAliveInterval, time);
        try
        {
            // 4.
            if (cache.Ticket(http, request, route) is not { } ticket)
            {
                await AskAsync(http, request, route, turn, null, output, call);
            }
            else if (await cache.GetAsync(ticket, () => AskAsync(http, request, route, turn, ticket, output, call), http.RequestAborted) is { } cached)
            {
                await GiveAsync(http, request, route, turn, cached, output, call);
            }
        }
        catch (ProblemException e) when (output.HasStarted)
        {
            call.Failed(e.Status, e.Type.Replace('-', '_'));
            await AnswerRelay.FailWithinAsync(protocols[request.Protocol], new(e.Status, e.Type.Replace('-', '_'), e.Message, e.Field), output);
        }
    }

    private async Task AskAsync(HttpContext http, ModelRequest request, ModelRoute route, Turn? turn, CacheTicket? ticket, CallerOutput output, ModelCall call)
    {
        // 5.
        var admission = await budgets.AdmitAsync(http, request, route, output);
        var (spoken, book) = (protocols[request.Protocol], new AttemptBook());
        call.Content = capture.Of(spoken, request);
        try
        {
            if (ticket is not null)
            {
                await MissedAsync(http, output);
            }

            // 6.
            await using var dispatched = await dispatcher.AskAsync(request, route, book, call, http.RequestAborted);

            // 7. and 8.
            await AnswerRelay.PassAsync(http, request, spoken, dispatched, output, turn, ticket, call);
        }
        catch (CallFailedException e)
        {
            await AnswerRelay.FailAsync(http, spoken, e, output, call);
        }
        finally
        {
            // 9. Also where the caller has left and where nothing came of it.
            call.Outcome = book.Close();
            admission.Settle(call.Outcome);
            call.Usd = admission.Usd;
        }
    }

    private static async ValueTask MissedAsync(HttpContext http, CallerOutput output)
    {
        await output.EnterAsync();
        if (!output.HasStarted)
        {
            http.Response.Headers[CacheWishes.Header] = "miss";
        }

        output.Leave();
    }

    // Costs nothing, but counts as a request.
    private async Task GiveAsync(HttpContext http, ModelRequest request, ModelRoute route, Turn? turn, CachedAnswer cached, CallerOutput output, ModelCall call)
    {
        var admission = await budgets.AdmitRepetitionAsync(http, request, route, output);
        try
        {
            (call.Cached, call.Status) = (true, StatusCodes.Status200OK);
            if (turn is not null && cached.Body.Length <= turn.MaxAnswerBytes)
            {
                await turn.AnswerAsync(StatusCodes.Status200OK, cached.ContentType, cached.Body, null);
            }

            await AnswerRelay.GiveAsync(http, request, cached, output, time);
        }
        finally
        {
            admission.SettleRepetition();
        }
    }
}
