using System.Buffers;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>The answer of a provider, read as it comes.</summary>
internal sealed class HttpAnswer : ProviderAnswer
{
    private const int PieceSize = 16 * 1024;
    private readonly HttpRequestMessage _message;
    private readonly HttpResponseMessage _response;
    private readonly Deployment _deployment;

    [SetsRequiredMembers]
    public HttpAnswer(UpstreamRequest request, HttpRequestMessage message, HttpResponseMessage response, Deployment deployment)
    {
        (_message, _response, _deployment) = (message, response, deployment);
        Status = (int)response.StatusCode;
        ContentType = response.Content.Headers.ContentType?.ToString() is { } type && !deployment.Provider.Secrets().IsIn(type) ? type
            : request.IsStream ? "text/event-stream" : "application/json";
        Headers = HeaderFilter.FromProvider(response, deployment.Provider.Secrets());
        IsEncoded = response.Content.Headers.ContentEncoding.Count > 0;
    }

    public override async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await using var body = await _response.Content.ReadAsStreamAsync(cancellationToken);
        using var silence = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        var secrets = _deployment.Provider.Secrets();
        var buffer = ArrayPool<byte>.Shared.Rent(PieceSize + secrets.Longest);
        try
        {
            // Held back is only what may be the beginning of a secret: hardly ever anything, since an event ends with a line.
            var held = 0;
            while (await PieceAsync(body, buffer.AsMemory(held), silence, cancellationToken) is var read and > 0)
            {
                var length = held + read;
                held = secrets.Hide(buffer.AsSpan(0, length));
                if (length > held)
                {
                    yield return buffer.AsMemory(0, length - held);
                }

                buffer.AsSpan(length - held, held).CopyTo(buffer);
            }

            if (held > 0)
            {
                yield return buffer.AsMemory(0, held);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    public override ValueTask DisposeAsync()
    {
        _response.Dispose();
        _message.Dispose();
        return ValueTask.CompletedTask;
    }

    private async ValueTask<int> PieceAsync(Stream body, Memory<byte> buffer, CancellationTokenSource silence, CancellationToken cancellationToken)
    {
        var limit = _deployment.Provider.SilenceTimeout;
        try
        {
            silence.CancelAfter(limit);
            var read = await body.ReadAsync(buffer, silence.Token);

            // While the caller is slow to take a piece, nobody listens to the provider: that is no silence of its.
            silence.CancelAfter(Timeout.InfiniteTimeSpan);
            return read;
        }
        catch (OperationCanceledException e) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ProviderFailedException(FailureKind.TimedOut, "upstream-timeout",
                $"The provider '{_deployment.ProviderName}' said nothing for {HttpProvider.Text(limit)} in the middle of its answer.", e);
        }
        catch (Exception e) when (e is IOException or HttpRequestException)
        {
            throw new ProviderFailedException(FailureKind.Broken, "upstream-broken", $"The provider '{_deployment.ProviderName}' broke off in the middle of its answer.", e);
        }
    }
}
