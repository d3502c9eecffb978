using System.Globalization;
using System.Net;
using System.Net.Http.Headers;

namespace CodeAgent.Api.Callbacks;

/// <summary>What a receiver answered.</summary>
/// <param name="Status">Its status; null where it did not answer.</param>
/// <param name="Error">Why not.</param>
/// <param name="RetryAfter">How long it wants to be left alone.</param>
internal sealed record CallbackReply(HttpStatusCode? Status, string? Error, TimeSpan? RetryAfter = null)
{
    /// <summary>Whether it is the receiver's failure as a whole, and not this callback's.</summary>
    public bool CountsAgainstReceiver => Status is null or HttpStatusCode.TooManyRequests or >= HttpStatusCode.InternalServerError;
}

/// <summary>Posts callbacks. Not a client of the factory's: those turn the names of our own services into their addresses.</summary>
internal sealed class CallbackSender(AddressGuard guard, TimeProvider time) : IDisposable
{
    private readonly HttpMessageInvoker _http = new(new SocketsHttpHandler
    {
        ConnectCallback = guard.ConnectAsync,
        UseProxy = false,
        UseCookies = false,
        AllowAutoRedirect = false,
        ActivityHeadersPropagator = null,
        PooledConnectionLifetime = TimeSpan.FromMinutes(2),
        PooledConnectionIdleTimeout = TimeSpan.FromSeconds(30),

        // Nobody reads what is answered: a little is read away for the sake of the connection, which is closed otherwise.
        MaxResponseHeadersLength = 16,
        MaxResponseDrainSize = 4096,
        ResponseDrainTimeout = TimeSpan.FromSeconds(1),
    });

    /// <exception cref="OperationCanceledException"><paramref name="cancellationToken"/> wants it.</exception>
    public async Task<CallbackReply> SendAsync(Callback callback, CallbackConfig config, CancellationToken cancellationToken)
    {
        var secrets = config.SecretsOf(callback.Tenant);
        if (secrets.Count == 0)
        {
            return new(null, "There is no secret to sign it with any more.");
        }

        using var limit = new CancellationTokenSource(config.Timeout, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(limit.Token, cancellationToken);
        using var request = Request(callback, secrets);
        try
        {
            using var answer = await _http.SendAsync(request, either.Token);
            return new(answer.StatusCode, null, RetryAfter(answer.Headers.RetryAfter));
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            return new(null, string.Create(CultureInfo.InvariantCulture, $"No answer within {config.Timeout.TotalSeconds:0.#} s."));
        }
        catch (HttpRequestException e)
        {
            return new(null, Reason(e));
        }
    }

    public void Dispose() => _http.Dispose();

    private HttpRequestMessage Request(Callback callback, IReadOnlyList<string> secrets)
    {
        var at = time.GetUtcNow().ToUnixTimeSeconds();
        var request = new HttpRequestMessage(HttpMethod.Post, callback.Url) { Content = new ByteArrayContent(callback.Body) };
        request.Content.Headers.ContentType = new("application/json");
        request.Headers.UserAgent.Add(new("CodeAgent", null));
        request.Headers.Add("webhook-id", callback.Id);
        request.Headers.Add("webhook-timestamp", at.ToString(CultureInfo.InvariantCulture));
        request.Headers.Add("webhook-signature", CallbackSignature.Of(secrets, callback.Id, at, callback.Body));
        return request;
    }

    private TimeSpan? RetryAfter(RetryConditionHeaderValue? header) => header?.Delta ?? header?.Date - time.GetUtcNow();

    // Our own words: what an error says of the inside is nothing for whoever named the address.
    private static string Reason(HttpRequestException e) => e.InnerException is AddressRefusedException refused ? refused.Message : e.HttpRequestError switch
    {
        HttpRequestError.NameResolutionError => "The name of the receiver is not known.",
        HttpRequestError.ConnectionError => "The receiver could not be connected to.",
        HttpRequestError.SecureConnectionError => "There is no secure connection to the receiver: its certificate, or its TLS.",
        _ => "The connection to the receiver broke, or what it answered was no HTTP.",
    };
}
