using System.Globalization;
using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>Turns a provider's refusal into an answer in the form of its protocol, with its status, and without its secrets.</summary>
internal static class UpstreamError
{
    private const int Longest = 64 * 1024;
    private const int LongestText = 2000;

    public static async Task<ProviderAnswer> ReadAsync(HttpResponseMessage response, Protocol protocol, Deployment deployment, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            // Passed on as it is, it would tell callers that their own key is wrong.
            throw new ProviderFailedException(FailureKind.KeyRefused, "provider-key-refused",
                $"The provider '{deployment.ProviderName}' refuses the gateway's key (providers.{deployment.ProviderName}.apiKey in gateway.yaml).");
        }

        if (status < StatusCodes.Status400BadRequest)
        {
            throw new ProviderFailedException(FailureKind.Invalid, "upstream-unreachable",
                $"The provider '{deployment.ProviderName}' answered {status}, which is no answer of a model (providers.{deployment.ProviderName}.baseUrl in gateway.yaml).");
        }

        var secrets = deployment.Provider.Secrets();
        var body = Form(secrets.Hide(await TextAsync(response, deployment, cancellationToken)), status, protocol, deployment);
        var headers = HeaderFilter.FromProvider(response, secrets);
        if (protocol == Protocol.Gemini && response.Headers.RetryAfter is null && GeminiErrors.RetryDelay(body) is { } wait)
        {
            // Google says it in the error alone; everyone else looks for the header.
            headers.Add(new("retry-after", Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture)));
        }

        return new WholeAnswer(body) { Status = status, ContentType = "application/json", Headers = headers };
    }

    private static async Task<string> TextAsync(HttpResponseMessage response, Deployment deployment, CancellationToken cancellationToken)
    {
        using var limit = CancellationTokenSource.CreateLinkedTokenSource(cancellationToken);
        limit.CancelAfter(deployment.Provider.SilenceTimeout);
        using var bytes = new PooledBuffer(4096);
        try
        {
            await using var body = await response.Content.ReadAsStreamAsync(limit.Token);
            while (bytes.Length < Longest && await body.ReadAsync(bytes.Free(), limit.Token) is var read and > 0)
            {
                bytes.Advance(read);
            }
        }
        catch (Exception e) when (e is IOException or HttpRequestException
            || (e is OperationCanceledException && !cancellationToken.IsCancellationRequested))
        {
            // What has come by now explains the status well enough.
        }

        return Encoding.UTF8.GetString(bytes.Memory.Span);
    }

    // All forms have { "error": { "message": … } }, Google's streams in a list; some servers say { "error": "…" } or plain text.
    private static byte[] Form(string text, int status, Protocol protocol, Deployment deployment)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            var root = json.RootElement is { ValueKind: JsonValueKind.Array } list && list.GetArrayLength() == 1 ? list[0] : json.RootElement;
            if (root.ValueKind == JsonValueKind.Object && root.TryGetProperty("error", out var error))
            {
                if (error.ValueKind == JsonValueKind.Object)
                {
                    return Encoding.UTF8.GetBytes(root.GetRawText());
                }

                text = error.ToString();
            }
        }
        catch (JsonException)
        {
            // It is text then.
        }

        text = text.Trim();
        var message = text.Length == 0 ? $"The provider '{deployment.ProviderName}' answered {status} without a reason."
            : $"The provider '{deployment.ProviderName}' answered {status}: {text[..Math.Min(text.Length, LongestText)]}";
        return ErrorForms.Body(protocol, new(status, $"upstream_{status}", message) { Type = "upstream_error" });
    }
}
