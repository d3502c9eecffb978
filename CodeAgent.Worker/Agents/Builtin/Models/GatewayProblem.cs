using System.ClientModel;
using System.Net;
using System.Text.Json;
using CodeAgent.Contracts;
using Microsoft.Extensions.AI;
using OpenAI.Chat;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>Reads what the gateway says is wrong.</summary>
internal static class GatewayProblem
{
    private const int LongestText = 2_000;

    // What the gateway refuses by its own limits; a provider's account that is empty is something else.
    private const string LimitHeader = "x-codeagent-limit";

    /// <summary>The failure that a refused call is for the task.</summary>
    public static ModelException Explain(ClientResultException e)
    {
        var (code, text) = Read(e);
        if (ContextOverflowException.Is(e.Status, code, text))
        {
            return new ContextOverflowException($"The conversation is too long for the model ({e.Status}): {text}", e);
        }

        return e.Status switch
        {
            (int)HttpStatusCode.NotFound when code is null or "model_not_found" => new(FailureCodes.ModelNotFound, text, e),
            (int)HttpStatusCode.TooManyRequests when e.GetRawResponse()?.Headers.TryGetValue(LimitHeader, out _) == true => new(FailureCodes.LimitReached, text, e),
            (int)HttpStatusCode.Forbidden or (int)HttpStatusCode.Unauthorized => new(FailureCodes.ModelFailed, $"The gateway refuses this lease ({e.Status}): {text}", e),
            _ => new(FailureCodes.ModelFailed, $"The model call was refused ({e.Status}): {text}", e),
        };
    }

    /// <summary>Whether the gateway has another payload under the request's key. A provider's own 422 is something else.</summary>
    public static bool IsReusedKey(ClientResultException e) => e.Status == (int)HttpStatusCode.UnprocessableEntity && Read(e).Code == "idempotency_key_reused";

    /// <summary>The failure in words.</summary>
    public static string Describe(ClientResultException e) => $"The model call failed ({e.Status}): {Read(e).Text}";

    /// <summary>What a provider or the gateway reports after the answer has begun, when the status is long sent.</summary>
    public static string? InStream(ChatResponseUpdate update)
    {
#pragma warning disable SCME0001 // For evaluation only; there is no other way to a field that the client does not know.
        return update.RawRepresentation is StreamingChatCompletionUpdate raw && raw.Patch.TryGetValue("$.error.message"u8, out string? message)
            ? message
            : null;
#pragma warning restore SCME0001
    }

    // {"error": {"code": "…", "message": "…"}} as OpenAI has it, or {"type": "…", "title": "…", "detail": "…"} of RFC 9457.
    private static (string? Code, string Text) Read(ClientResultException e)
    {
        var body = e.GetRawResponse()?.Content.ToString() ?? "";
        try
        {
            using var json = JsonDocument.Parse(body);
            if (json.RootElement.ValueKind == JsonValueKind.Object)
            {
                var error = json.RootElement.TryGetProperty("error", out var inner) && inner.ValueKind == JsonValueKind.Object ? inner : json.RootElement;
                var text = Text(error, "message") ?? Text(error, "detail") ?? Text(error, "title");
                if (text is not null)
                {
                    return (Text(error, "code"), Cut(text));
                }
            }
        }
        catch (JsonException)
        {
            // Proxies answer in HTML and plain text; then that is what there is to show.
        }

        return (null, Cut(body.Length == 0 ? e.Message : body));
    }

    private static string? Text(JsonElement element, string name) =>
        element.TryGetProperty(name, out var value) && value.ValueKind == JsonValueKind.String ? value.GetString() : null;

    private static string Cut(string text) => text.Length <= LongestText ? text : text[..LongestText] + "…";
}
