using System.Net;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Providers.Http;

/// <summary>Turns a provider's refusal into an answer in OpenAI's form, with the provider's status, and without its key.</summary>
internal static class UpstreamError
{
    private const int Longest = 64 * 1024;
    private const int LongestText = 2000;

    public static async Task<ProviderAnswer> ReadAsync(HttpResponseMessage response, Deployment deployment, CancellationToken cancellationToken)
    {
        var status = (int)response.StatusCode;
        if (response.StatusCode == HttpStatusCode.Unauthorized)
        {
            // Passed on as it is, it would tell callers that their own key is wrong.
            throw new ProblemException("provider-key-refused", StatusCodes.Status502BadGateway,
                $"The provider '{deployment.ProviderName}' refuses the gateway's key (providers.{deployment.ProviderName}.apiKey in gateway.yaml).");
        }

        if (status < StatusCodes.Status400BadRequest)
        {
            throw new ProblemException("upstream-unreachable", StatusCodes.Status502BadGateway,
                $"The provider '{deployment.ProviderName}' answered {status} at {deployment.Provider.BaseUrl}, which is no answer of a model.");
        }

        var key = deployment.Provider.ApiKey?.Reveal();
        return new WholeAnswer(Form(await TextAsync(response, deployment, key, cancellationToken), status, deployment))
        {
            Status = status,
            ContentType = "application/json",
            Headers = HeaderFilter.FromProvider(response, key),
        };
    }

    private static async Task<string> TextAsync(HttpResponseMessage response, Deployment deployment, string? key, CancellationToken cancellationToken)
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

        var text = Encoding.UTF8.GetString(bytes.Memory.Span);
        return string.IsNullOrEmpty(key) ? text : text.Replace(key, "***", StringComparison.Ordinal);
    }

    // OpenAI's form is { "error": { "message": … } }; some servers say { "error": "…" } or plain text.
    private static byte[] Form(string text, int status, Deployment deployment)
    {
        try
        {
            using var json = JsonDocument.Parse(text);
            if (json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty("error", out var error))
            {
                if (error.ValueKind == JsonValueKind.Object)
                {
                    return Encoding.UTF8.GetBytes(text);
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
        return new OpenAiError(message, "upstream_error", $"upstream_{status}", null).ToBytes();
    }
}
