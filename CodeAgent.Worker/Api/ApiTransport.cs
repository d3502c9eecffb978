using System.Net;
using System.Net.Http.Headers;
using System.Text.Json;

namespace CodeAgent.Worker.Api;

/// <summary>Sends one request to the Api and turns its refusals into exceptions.</summary>
/// <param name="http">The client for the Api.</param>
/// <param name="time">The clock.</param>
internal sealed class ApiTransport(HttpClient http, TimeProvider time)
{
    private const string ProblemPrefix = "urn:codeagent:problem:";

    /// <summary>Sends the request and reads the answer, both within the limit.</summary>
    /// <exception cref="LeaseLostException">409 <c>lease-lost</c>, or the token opens nothing any more.</exception>
    /// <exception cref="ApiUnavailableException">The Api did not answer, or says that it cannot just now.</exception>
    /// <exception cref="ApiRefusedException">Any other refusal.</exception>
    public async Task<T> SendAsync<T>(HttpRequestMessage request, string secret, TimeSpan limit, Func<HttpResponseMessage, CancellationToken, Task<T>> read, CancellationToken cancellationToken)
    {
        request.Headers.Authorization = new AuthenticationHeaderValue("Bearer", secret);
        using var timer = new CancellationTokenSource(limit, time);
        using var either = CancellationTokenSource.CreateLinkedTokenSource(timer.Token, cancellationToken);
        try
        {
            using var response = await http.SendAsync(request, HttpCompletionOption.ResponseHeadersRead, either.Token);
            if (!response.IsSuccessStatusCode)
            {
                throw await RefusalAsync(response, either.Token);
            }

            return await read(response, either.Token);
        }
        catch (OperationCanceledException) when (!cancellationToken.IsCancellationRequested)
        {
            throw new ApiUnavailableException($"no answer within {limit.TotalSeconds:0} s");
        }
        catch (Exception e) when (e is HttpRequestException or IOException or JsonException)
        {
            throw new ApiUnavailableException(e.Message);
        }
    }

    private static async Task<Exception> RefusalAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        var (type, detail) = await ProblemAsync(response, cancellationToken);
        return response.StatusCode switch
        {
            HttpStatusCode.Conflict when type is null or "lease-lost" => new LeaseLostException(detail),
            >= HttpStatusCode.InternalServerError or HttpStatusCode.RequestTimeout or HttpStatusCode.TooManyRequests => new ApiUnavailableException(detail),
            var status => new ApiRefusedException(status, detail),
        };
    }

    private static async Task<(string? Type, string Detail)> ProblemAsync(HttpResponseMessage response, CancellationToken cancellationToken)
    {
        try
        {
            using var problem = JsonDocument.Parse(await response.Content.ReadAsStringAsync(cancellationToken));
            var type = problem.RootElement.TryGetProperty("type", out var t) ? t.GetString() : null;
            var detail = problem.RootElement.TryGetProperty("detail", out var d) ? d.GetString() : null;
            return (type?.StartsWith(ProblemPrefix, StringComparison.Ordinal) == true ? type[ProblemPrefix.Length..] : null, detail ?? response.ReasonPhrase ?? "");
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Something between us and the Api answered, in its own words.
            return (null, response.ReasonPhrase ?? "");
        }
    }
}
