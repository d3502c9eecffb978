using System.Diagnostics;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Errors as Anthropic's clients understand them: <c>{"type":"error","error":{"type":"…","message":"…"},"request_id":"…"}</c>.</summary>
internal static class MessagesErrors
{
    public const int Overloaded = 529;
    private const int LongestText = 2000;

    private static readonly (string Type, int Status)[] Types =
    [
        ("invalid_request_error", 400), ("authentication_error", 401), ("billing_error", 402), ("permission_error", 403), ("not_found_error", 404),
        ("request_too_large", 413), ("rate_limit_error", 429), ("api_error", 500), ("timeout_error", 504), ("overloaded_error", Overloaded),
    ];

    // People read these; the answer is JSON to everyone who takes it, so quotes need no escapes.
    private static readonly JsonTypeInfo<ErrorBody> Json = (JsonTypeInfo<ErrorBody>)new MessagesErrorJson(
        new JsonSerializerOptions { PropertyNamingPolicy = JsonNamingPolicy.SnakeCaseLower, Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull }).GetTypeInfo(typeof(ErrorBody))!;

    public static byte[] Body(GatewayError error) =>
        JsonSerializer.SerializeToUtf8Bytes(new ErrorBody("error", new(TypeOf(error), error.Message), Activity.Current?.TraceId.ToHexString()), Json);

    public static GatewayError Read(int status, ReadOnlySpan<byte> body)
    {
        try
        {
            if (JsonSerializer.Deserialize(body, Json)?.Error is { Type: { } type } detail)
            {
                return new(status, type, detail.Message ?? type) { Type = type };
            }
        }
        catch (Exception e) when (e is JsonException or InvalidOperationException)
        {
            // It is told as text then.
        }

        var text = Encoding.UTF8.GetString(body[..Math.Min(body.Length, LongestText)]).Trim();
        return new(status, $"upstream_{status}", text.Length == 0 ? $"The provider answered {status} without a reason." : text);
    }

    /// <summary>The status that an error in a stream would have had.</summary>
    public static int StatusOf(string? type) => Types.FirstOrDefault(known => known.Type == type) is { Status: > 0 } found ? found.Status : 500;

    private static string TypeOf(GatewayError error) => Types.Any(known => known.Type == error.Type) ? error.Type! : error.Status switch
    {
        503 => "overloaded_error",
        var status when Types.FirstOrDefault(known => known.Status == status) is { Type: { } type } => type,
        >= 400 and < 500 => "invalid_request_error",
        _ => "api_error",
    };

    internal sealed record ErrorBody(string? Type, ErrorDetail? Error, string? RequestId);

    internal sealed record ErrorDetail(string? Type, string? Message);
}

[JsonSerializable(typeof(MessagesErrors.ErrorBody))]
internal sealed partial class MessagesErrorJson : JsonSerializerContext;
