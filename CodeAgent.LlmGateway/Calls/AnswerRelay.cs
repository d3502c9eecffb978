using System.Buffers;
using System.Globalization;
using CodeAgent.LlmGateway.Cache;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Passes answers on to callers.</summary>
internal static class AnswerRelay
{
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>
    /// Passes a provider's answer on, each piece as soon as it is there, translated where the caller speaks another protocol, and
    /// keeps it where it is a turn's, or to be cached.
    /// </summary>
    /// <exception cref="ProviderFailedException">The answer broke off after it had begun; the caller has been told. The server ends the connection without the mark of the end then.</exception>
    public static async Task PassAsync(HttpContext http, ModelRequest request, IProtocol protocol, DispatchedAnswer dispatched, CallerOutput output, Turn? turn, CacheTicket? ticket, ModelCall call)
    {
        var (answer, response, watch) = (dispatched.Answer, http.Response, dispatched.Tap.Watch);
        var translation = dispatched.Translation;
        call.Status = answer.Status;
        var contentType = translation is null ? answer.ContentType : request.IsStream ? "text/event-stream" : "application/json";
        await output.EnterAsync();
        try
        {
            if (!response.HasStarted)
            {
                Begin(http, request, answer, contentType);
            }
        }
        finally
        {
            output.Leave();
        }

        var hasEnded = false;
        using var copy = new AnswerCopy(Math.Max(Math.Max(turn?.MaxAnswerBytes ?? 0, ticket?.MaxAnswerBytes ?? 0), call.Content is null ? 0 : CallContent.LongestAnswer));
        output.Copy = copy;
        using var filter = translation is null && AttemptRunner.AsksForUsage(request) ? new UsageChunkFilter() : null;
        try
        {
            // A turn's answer ends for the caller once it is kept: whoever repeats it then is answered from there.
            if (!request.IsStream && dispatched.IsWhole && turn is null)
            {
                response.ContentLength = dispatched.Said.Length;
            }

            hasEnded = dispatched.IsWhole;
            await SendAsync(dispatched.Said, null, filter, output, dispatched.IsWhole, call);
            while (await dispatched.NextAsync() is { } piece)
            {
                dispatched.Tap.Add(piece.Span);
                await SendAsync(piece, translation, filter, output, isLast: false, call);
            }

            if (!dispatched.IsWhole)
            {
                dispatched.Tap.End();
                if (watch is { IsComplete: false, Error: null })
                {
                    throw new ProviderFailedException(FailureKind.Broken, "upstream-broken", $"The provider '{dispatched.Deployment.ProviderName}' ended its answer before it was whole.");
                }

                hasEnded = true;
                await SendAsync(default, translation, filter, output, isLast: true, call);
            }
        }
        catch (ProviderFailedException e)
        {
            var error = new GatewayError(StatusCodes.Status502BadGateway, e.Code.Replace('-', '_'), e.Message);
            call.Failed(answer.Status, error.Code);
            dispatched.Attempt.Failed(error.Code);
            dispatched.Health.BrokeOff();

            // The error is no part of the answer that may be kept.
            output.Copy = null;

            // Half an answer must not look like a whole one: a stream tells of the error, and the exception that follows makes
            // the server close the connection without the mark of the end. (Abort would throw away what is not sent yet.)
            await FailWithinAsync(protocol, error, output);
            throw;
        }
        finally
        {
            (call.Usage, call.ResponseModel) = (watch.Usage, watch.Model);

            // Also where the caller left, or the connection broke, just after the last piece: the answer is whole, and paid for.
            // Its end is said to the copy alone then.
            if (!hasEnded && copy.Bytes is not null && watch.IsComplete && dispatched.Error is null && (translation is not null || watch.IsAtEnd))
            {
                Write(default, translation, filter, copy, isLast: true);
                hasEnded = true;
            }

            if (hasEnded && watch.IsComplete && dispatched.Error is null && copy.Bytes is { } kept)
            {
                ticket?.Answered(answer.Status, contentType, kept);
                if (turn is not null && kept.Length <= turn.MaxAnswerBytes)
                {
                    await turn.AnswerAsync(answer.Status, contentType, kept, watch.Usage);
                }
            }

            if (call.Content is { } content && copy.Bytes is { } said)
            {
                content.Answered(said);
            }
        }

        if (dispatched.Error is { } within)
        {
            call.Failed(answer.Status, "error_in_stream");
            dispatched.Attempt.Failed("error_in_stream");
            if (FailureRules.Within(dispatched.Deployment, within).CountsAgainstDeployment)
            {
                dispatched.Health.BrokeOff();
            }
        }
    }

    /// <summary>Tells a caller that nobody answers: with a status, or within the stream where comments were sent already.</summary>
    public static async Task FailAsync(HttpContext http, IProtocol protocol, CallFailedException failed, CallerOutput output, ModelCall call)
    {
        var failure = failed.Failure;
        call.Failed(failure.Error.Status, failure.Name);
        var said = failure.Said as WholeAnswer;
        var error = said is null || failure.Protocol is not { } spoken || spoken.Name == protocol.Name ? null : spoken.ReadError(said.Status, said.Body.Span);
        await output.EnterAsync();
        try
        {
            WriteFailure(http.Response, protocol, failed, said, error, output);
        }
        catch
        {
            output.Leave();
            throw;
        }

        await output.FlushAsync();
    }

    private static void WriteFailure(HttpResponse response, IProtocol protocol, CallFailedException failed, WholeAnswer? said, GatewayError? error, CallerOutput output)
    {
        var failure = failed.Failure;
        if (response.HasStarted)
        {
            output.Write(protocol.StreamError(error ?? (said is null ? failure.Error : protocol.ReadError(said.Status, said.Body.Span))));
            return;
        }

        response.StatusCode = failure.Error.Status;
        response.ContentType = "application/json";
        foreach (var (name, value) in failure.Said?.Headers ?? [])
        {
            response.Headers[name] = value;
        }

        if (failed.RetryAfter is { } wait && (said is null || wait != failure.RetryAfter))
        {
            response.Headers.RetryAfter = Math.Max(1, Math.Ceiling(wait.TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            response.Headers.Remove("retry-after-ms");
        }

        if (failed.IsFinal || failure.Kind is FailureKind.KeyRefused or FailureKind.SpendLimit)
        {
            response.Headers["x-should-retry"] = "false";
        }

        output.Write(said is not null && error is null ? said.Body.Span : protocol.Error(error ?? failure.Error));
    }

    /// <summary>An error in the middle of a stream.</summary>
    public static async Task FailWithinAsync(IProtocol protocol, GatewayError error, CallerOutput output)
    {
        var told = protocol.StreamError(error);
        await output.EnterAsync();
        output.Write(output.IsBetweenEvents ? [] : "\n\n"u8);
        output.Write(told);
        await output.FlushAsync();
    }

    /// <summary>Gives an answer that was given before, byte for byte.</summary>
    public static async Task ReplayAsync(HttpContext http, RecordedAnswer recorded)
    {
        http.Response.StatusCode = recorded.Status;
        http.Response.ContentType = recorded.ContentType;
        http.Response.ContentLength = recorded.Body.Length;
        http.Response.Headers[Replayed] = "true";
        await http.Response.Body.WriteAsync(recorded.Body, http.RequestAborted);
    }

    /// <summary>Gives an answer of the cache: a stream as a stream.</summary>
    public static async Task GiveAsync(HttpContext http, ModelRequest request, CachedAnswer cached, CallerOutput output, TimeProvider time)
    {
        await output.EnterAsync();
        try
        {
            var response = http.Response;
            if (!response.HasStarted)
            {
                if (request.IsStream)
                {
                    CallerOutput.BeginStream(response);
                }
                else
                {
                    response.ContentLength = cached.Body.Length;
                }

                response.ContentType = cached.ContentType;
                response.Headers[CacheWishes.Header] = "hit";
                response.Headers.Age = ((long)Math.Max(0, (time.GetUtcNow() - cached.At).TotalSeconds)).ToString(CultureInfo.InvariantCulture);
            }

            output.Write(cached.Body);
        }
        catch
        {
            output.Leave();
            throw;
        }

        await output.FlushAsync();
    }

    private static void Begin(HttpContext http, ModelRequest request, ProviderAnswer answer, string contentType)
    {
        var response = http.Response;
        if (request.IsStream)
        {
            CallerOutput.BeginStream(response);
        }

        response.StatusCode = answer.Status;
        response.ContentType = contentType;
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }
    }

    private static async ValueTask SendAsync(ReadOnlyMemory<byte> piece, AnswerTranslation? translation, UsageChunkFilter? filter, CallerOutput output, bool isLast, ModelCall call)
    {
        call.Piece();
        try
        {
            await output.EnterAsync();
        }
        catch (OperationCanceledException) when (output.Copy is { Bytes: not null } copy)
        {
            // The caller is gone; what is kept lacks nothing for that.
            Write(piece.Span, translation, filter, copy, isLast);
            throw;
        }

        try
        {
            Write(piece.Span, translation, filter, output, isLast);
        }
        catch
        {
            output.Leave();
            throw;
        }

        await output.FlushAsync();
    }

    private static void Write(ReadOnlySpan<byte> piece, AnswerTranslation? translation, UsageChunkFilter? filter, IBufferWriter<byte> output, bool isLast)
    {
        if (filter is not null)
        {
            filter.Add(piece, output);
            if (isLast)
            {
                filter.End(output);
            }
        }
        else if (translation is null)
        {
            output.Write(piece);
        }
        else
        {
            translation.Add(piece, output);
            if (isLast)
            {
                translation.End(output);
            }
        }
    }
}
