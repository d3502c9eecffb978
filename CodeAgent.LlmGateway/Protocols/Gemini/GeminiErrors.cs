using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Errors as Google's clients understand them: <c>{"error":{"code":429,"message":"…","status":"RESOURCE_EXHAUSTED","details":[…]}}</c>.</summary>
internal static class GeminiErrors
{
    private const int LongestText = 2000;

    // People read these; the answer is JSON to everyone who takes it, so quotes need no escapes.
    private static readonly JsonTypeInfo<ErrorBody> Json = (JsonTypeInfo<ErrorBody>)new GeminiErrorJson(
        new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull }).GetTypeInfo(typeof(ErrorBody))!;

    public static byte[] Body(GatewayError error) => JsonSerializer.SerializeToUtf8Bytes(
        new ErrorBody(new(error.Status, error.Message, StatusName(error.Status), Details(error))), Json);

    public static byte[] Event(GatewayError error) => [.. "data: "u8, .. Body(error), .. "\r\n\r\n"u8];

    public static GatewayError Read(int status, ReadOnlySpan<byte> body)
    {
        try
        {
            // A stream that was refused is a list of one.
            var start = body.TrimStart(" \r\n\t"u8);
            var told = start.StartsWith("["u8) ? JsonSerializer.Deserialize(body, GeminiErrorJson.Default.ErrorBodyArray)?.FirstOrDefault() : JsonSerializer.Deserialize(body, Json);
            if (told?.Error is { } detail)
            {
                return Of(detail, status);
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It is told as text then.
        }

        var text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, LongestText)]).Trim();
        return new(status, $"upstream_{status}", text.Length == 0 ? $"The provider answered {status} without a reason." : text);
    }

    /// <summary>How long Google says to wait, in the error itself rather than in a header: <c>{"@type":"….RetryInfo","retryDelay":"31s"}</c>.</summary>
    public static TimeSpan? RetryDelay(ReadOnlySpan<byte> body)
    {
        try
        {
            var reader = new Utf8JsonReader(body, new() { MaxDepth = 512 });
            while (reader.Read())
            {
                if (reader.TokenType == JsonTokenType.PropertyName && reader.ValueTextEquals("retryDelay"u8) && reader.Read() && reader.TokenType == JsonTokenType.String
                    && reader.GetString() is ['0' or >= '1' and <= '9', ..] delay && delay.EndsWith('s')
                    && double.TryParse(delay[..^1], System.Globalization.CultureInfo.InvariantCulture, out var seconds) && seconds is >= 0 and < 1e6)
                {
                    return TimeSpan.FromSeconds(seconds);
                }
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // Then it says nothing.
        }

        return null;
    }

    internal static GatewayError Of(ErrorDetail detail, int status) =>
        new(detail.Code is >= 400 and <= 599 ? detail.Code.Value : status, detail.Status?.ToLowerInvariant() ?? $"upstream_{status}", detail.Message ?? detail.Status ?? "The provider gave no reason.");

    internal static string StatusName(int status) => status switch
    {
        400 => "INVALID_ARGUMENT",
        401 => "UNAUTHENTICATED",
        403 => "PERMISSION_DENIED",
        404 => "NOT_FOUND",
        409 => "ABORTED",
        429 => "RESOURCE_EXHAUSTED",
        499 => "CANCELLED",
        501 => "UNIMPLEMENTED",
        503 or 529 => "UNAVAILABLE",
        504 => "DEADLINE_EXCEEDED",
        >= 400 and < 500 => "FAILED_PRECONDITION",
        _ => "INTERNAL",
    };

    private static ErrorDetailInfo[]? Details(GatewayError error) => error.Field is null
        ? [new("type.googleapis.com/google.rpc.ErrorInfo") { Reason = error.Code.ToUpperInvariant(), Domain = "codeagent" }]
        : [
            new("type.googleapis.com/google.rpc.ErrorInfo") { Reason = error.Code.ToUpperInvariant(), Domain = "codeagent" },
            new("type.googleapis.com/google.rpc.BadRequest") { FieldViolations = [new(error.Field, error.Message)] },
        ];

    internal sealed record ErrorBody(ErrorDetail? Error);

    internal sealed record ErrorDetail(int? Code, string? Message, string? Status, ErrorDetailInfo[]? Details);

    internal sealed record ErrorDetailInfo([property: JsonPropertyName("@type")] string Type)
    {
        public string? Reason { get; init; }

        public string? Domain { get; init; }

        public FieldViolation[]? FieldViolations { get; init; }
    }

    internal sealed record FieldViolation(string Field, string Description);
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(GeminiErrors.ErrorBody))]
[JsonSerializable(typeof(GeminiErrors.ErrorBody[]))]
internal sealed partial class GeminiErrorJson : JsonSerializerContext;
