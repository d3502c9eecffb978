namespace CodeAgent.Api.Idempotency;

/// <summary>An answer that is kept before it is sent.</summary>
internal sealed class RecordingResult(IResult result, Func<RecordedAnswer, ReadOnlyMemory<byte>, Task> keep) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var response = httpContext.Response;
        var (sent, whole, left) = (response.Body, new MemoryStream(), httpContext.RequestAborted);
        response.Body = whole;

        // Who has left is who asks again: what is kept has to be whole, and the framework breaks off in silence where nobody listens.
        httpContext.RequestAborted = CancellationToken.None;
        try
        {
            await result.ExecuteAsync(httpContext);
        }
        finally
        {
            (response.Body, httpContext.RequestAborted) = (sent, left);
        }

        var body = whole.GetBuffer().AsMemory(0, (int)whole.Length);
        await keep(RecordedAnswer.Of(response), body);
        response.ContentLength = body.Length;
        await sent.WriteAsync(body, left);
    }
}
