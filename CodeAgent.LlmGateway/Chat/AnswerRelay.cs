using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.Features;

namespace CodeAgent.LlmGateway.Chat;

/// <summary>Passes answers on to callers.</summary>
internal static class AnswerRelay
{
    private const string Replayed = "Idempotency-Replayed";

    /// <summary>Passes a provider's answer on, each piece as soon as it is there, and keeps it where it is a turn's.</summary>
    public static async Task PassAsync(HttpContext http, ProviderAnswer answer, Turn? turn, ModelCall call)
    {
        var response = http.Response;
        call.Status = response.StatusCode = answer.Status;
        response.ContentType = answer.ContentType;
        foreach (var (name, value) in answer.Headers)
        {
            response.Headers[name] = value;
        }

        http.Features.Get<IHttpResponseBodyFeature>()?.DisableBuffering();
        using var tap = new AnswerTap(answer.IsStream, turn?.MaxAnswerBytes ?? 0);
        try
        {
            await foreach (var piece in answer.ReadAsync(http.RequestAborted))
            {
                call.Piece();
                tap.Add(piece.Span);

                // Writes and flushes. That the caller is gone shows in the token, not in an exception.
                await response.BodyWriter.WriteAsync(piece, http.RequestAborted);
            }
        }
        catch (ProviderFailedException e)
        {
            call.Failed(answer.Status, e.Code.Replace('-', '_'));
            if (!response.HasStarted)
            {
                throw new ProblemException(e.Code, StatusCodes.Status502BadGateway, e.Message);
            }

            await BreakOffAsync(http, answer, e);
            throw;
        }
        finally
        {
            tap.End();
            (call.Usage, call.ResponseModel) = (tap.Usage, tap.Model);

            // Also where the caller left, or the connection broke, just after the last piece: the answer is whole, and paid for.
            if (turn is not null && answer.Status == StatusCodes.Status200OK && tap.IsComplete && !answer.IsEncoded && tap.Kept is { } kept)
            {
                await turn.AnswerAsync(answer.Status, answer.ContentType, kept, tap.Usage);
            }
        }

        if (tap.HasError)
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

    // Half an answer must not look like a whole one: a stream tells of the error, and the exception that follows makes the
    // server close the connection without the mark of the end. (Abort would throw away what is not sent yet.)
    private static async Task BreakOffAsync(HttpContext http, ProviderAnswer answer, ProviderFailedException e)
    {
        if (answer.IsStream)
        {
            var error = new OpenAiError(e.Message, "server_error", e.Code.Replace('-', '_'), null).ToBytes();
            await http.Response.BodyWriter.WriteAsync((byte[])[.. "\n\ndata: "u8, .. error, .. "\n\n"u8], http.RequestAborted);
        }
    }
}
