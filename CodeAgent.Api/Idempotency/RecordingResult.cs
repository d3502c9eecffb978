namespace CodeAgent.Api.Idempotency;

/// <summary>An answer that is kept before it is sent.</summary>
internal sealed class RecordingResult(IResult result, Func<RecordedAnswer, ReadOnlyMemory<byte>, Task> keep) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var (sent, whole) = (response.Body, new MemoryStream());
        response.Body = whole;
        try
        {
            await result.ExecuteAsync(httpContext);
        }
        finally
        {
            response.Body = sent;
        }

        var body = whole.GetBuffer().AsMemory(0, (int)whole.Length);
        await keep(RecordedAnswer.Of(response), body);
        response.ContentLength = body.Length;
        await sent.WriteAsync(body, httpContext.RequestAborted);
    }
}
