using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Errors;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Errors as OpenAI's two protocols have them.</summary>
internal static class OpenAiErrors
{
    private const int LongestText = 2000;

    public static byte[] Write(GatewayError error) => new OpenAiError(error.Message, error.Type ?? TypeOf(error.Status), error.Code, error.Field).ToBytes();

    public static string TypeOf(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        StatusCodes.Status429TooManyRequests => "rate_limit_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };

    /// <summary>The body of an answer whose status is an error. Never throws.</summary>
    public static GatewayError Read(int status, ReadOnlySpan<byte> body)
    {
        try
        {
            var root = JsonElement.Parse(body, new() { MaxDepth = 512 });

            // Google's endpoint for OpenAI's clients puts a list around it.
            root = root.ValueKind == JsonValueKind.Array && root.GetArrayLength() > 0 ? root[0] : root;
            if (root.ValueKind == JsonValueKind.Object)
            {
                return Read(status, root.TryGetProperty("error", out var error) && error.ValueKind != JsonValueKind.Null ? error : root);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It is text then.
        }

        var text = Encoding.UTF8.GetString(body).Trim();
        return new(status, $"upstream_{status}", text.Length == 0 ? $"The provider answered {status} without a reason." : text[..Math.Min(text.Length, LongestText)]);
    }

    // { "message": "…", "type": "…", "code": "…" or 429, "param": "…" }, or only a text, or { "detail": "…" }
    /// <summary>The error itself, without what is around it.</summary>
    /// <param name="status">The status of the answer; where that was 200, the error's own code decides.</param>
    /// <param name="error">The error.</param>
    public static GatewayError Read(int status, JsonElement error)
    {
        if (error.ValueKind != JsonValueKind.Object)
        {
            var told = error.ToString();
            return new(StatusOf(status, null, null), "upstream_error", told[..Math.Min(told.Length, LongestText)]);
        }

        var (code, type) = (Text(error, "code"), Text(error, "type"));
        var message = Text(error, "message") ?? Text(error, "detail") ?? error.GetRawText();
        status = StatusOf(status, code, type);
        return new(status, (int.TryParse(code, out _) ? null : code) ?? type ?? $"upstream_{status}", message[..Math.Min(message.Length, LongestText)], Text(error, "param")) { Type = type };
    }

    private static int StatusOf(int status, string? code, string? type) => status >= StatusCodes.Status400BadRequest ? status
        : int.TryParse(code, out var told) && told is >= 400 and <= 599 ? told
        : (code + " " + type) is var name && name.Contains("rate_limit", StringComparison.Ordinal) ? StatusCodes.Status429TooManyRequests
        : name.Contains("insufficient_quota", StringComparison.Ordinal) ? StatusCodes.Status429TooManyRequests
        : name.Contains("overloaded", StringComparison.Ordinal) ? StatusCodes.Status503ServiceUnavailable
        : name.Contains("invalid_", StringComparison.Ordinal) || name.Contains("context_length", StringComparison.Ordinal) ? StatusCodes.Status400BadRequest
        : StatusCodes.Status500InternalServerError;

    private static string? Text(JsonElement error, string name) => !error.TryGetProperty(name, out var value) ? null : value.ValueKind switch
    {
        JsonValueKind.String => value.GetString(),
        JsonValueKind.Number or JsonValueKind.Object or JsonValueKind.Array => value.GetRawText(),
        _ => null,
    };
}
