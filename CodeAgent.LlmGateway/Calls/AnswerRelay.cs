using System.Buffers;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Passes answers on to callers.</summary>
internal static class AnswerRelay
{
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>
    /// Passes a provider's answer on, each piece as soon as it is there, translated where the caller speaks another protocol, and
    /// keeps it where it is a turn's.
    /// </summary>
    public static async Task PassAsync(HttpContext http, ModelRequest request, IProtocol protocol, DispatchedAnswer dispatched, Turn? turn, ModelCall call)
    {
        var (answer, response) = (dispatched.Answer, http.Response);
        var isTranslated = dispatched.Protocol.Name != protocol.Name;
        call.Status = response.StatusCode = answer.Status;
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        if (isTranslated && answer.Status != StatusCodes.Status200OK)
        {
            await TranslateErrorAsync(http, protocol, dispatched);
            return;
        }

        response.ContentType = isTranslated ? request.IsStream ? "text/event-stream" : "application/json" : answer.ContentType;
        if (!isTranslated && !answer.IsStream)
        {
            // One packet then, rather than one for the answer and one for its end.
            response.ContentLength = answer.Length;
        }

        using var tap = new AnswerTap(dispatched.Protocol.Watch(), answer.IsStream);
        using var copy = new AnswerCopy(turn?.MaxAnswerBytes ?? 0);
        using var translation = isTranslated ? new AnswerTranslation(dispatched.Protocol.Reader(), protocol.Writer(request), answer.IsStream) : null;
        var output = new CopyingWriter(response.BodyWriter, copy);
        try
        {
            await foreach (var piece in answer.ReadAsync(http.RequestAborted))
            {
                call.Piece();
                tap.Add(piece.Span);
                if (translation is null)
                {
                    output.Write(piece.Span);
                }
                else
                {
                    translation.Add(piece.Span, output);
                }

                // That the caller is gone shows in the token, not in an exception.
                await response.BodyWriter.FlushAsync(http.RequestAborted);
            }

            tap.End();
            translation?.End(output);
            await response.BodyWriter.FlushAsync(http.RequestAborted);
        }
        catch (ProviderFailedException e)
        {
            call.Failed(answer.Status, e.Code.Replace('-', '_'));
            if (!response.HasStarted)
            {
                throw new ProblemException(e.Code, StatusCodes.Status502BadGateway, e.Message);
            }

            // Half an answer must not look like a whole one: a stream tells of the error, and the exception that follows makes
            // the server close the connection without the mark of the end. (Abort would throw away what is not sent yet.)
            if (answer.IsStream)
            {
                var error = new GatewayError(StatusCodes.Status502BadGateway, e.Code.Replace('-', '_'), e.Message);
                await response.BodyWriter.WriteAsync((byte[])[.. "\n\n"u8, .. protocol.StreamError(error)], http.RequestAborted);
            }

            throw;
        }
        finally
        {
            var watch = tap.Watch;
            (call.Usage, call.ResponseModel) = (watch.Usage, watch.Model);

            // Also where the caller left, or the connection broke, just after the last piece: the answer is whole, and paid for.
            if (turn is not null && answer.Status == StatusCodes.Status200OK && watch.IsComplete && !answer.IsEncoded && copy.Bytes is { } kept)
            {
                await turn.AnswerAsync(answer.Status, response.ContentType!, kept, watch.Usage);
            }
        }

        if (tap.Watch.Error is not null)
        {
            call.Failed(answer.Status, "error_in_stream");
        }
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

    private static async Task TranslateErrorAsync(HttpContext http, IProtocol protocol, DispatchedAnswer dispatched)
    {
        using var text = new PooledBuffer(4096);
        await foreach (var piece in dispatched.Answer.ReadAsync(http.RequestAborted))
        {
            text.Append(piece.Span);
        }

        http.Response.ContentType = "application/json";
        await http.Response.Body.WriteAsync(protocol.Error(dispatched.Protocol.ReadError(dispatched.Answer.Status, text.Memory.Span)), http.RequestAborted);
    }

    /// <summary>Writes to the caller and into the copy at once.</summary>
    private sealed class CopyingWriter(IBufferWriter<byte> caller, AnswerCopy copy) : IBufferWriter<byte>
    {
        private Memory<byte> _lent;

        public void Advance(int count)
        {
            copy.Add(_lent.Span[..count]);
            caller.Advance(count);
        }

        public Memory<byte> GetMemory(int sizeHint = 0) => _lent = caller.GetMemory(sizeHint);

        public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;
    }
}
