using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;

namespace CodeAgent.LlmGateway.Errors;

/// <summary>An error as OpenAI's clients understand it.</summary>
/// <param name="Message">What is wrong, for people.</param>
/// <param name="Type">The kind of error.</param>
/// <param name="Code">Stable name of the reason.</param>
/// <param name="Param">The field of the request that is wrong.</param>
internal sealed record OpenAiError(string Message, string Type, string? Code, string? Param)
{
    // People read these; the answer is JSON to everyone who takes it, so quotes need no escapes.
    private static readonly JsonTypeInfo<OpenAiErrorBody> Json = (JsonTypeInfo<OpenAiErrorBody>)new OpenAiErrorJson(
        new JsonSerializerOptions(JsonSerializerDefaults.Web) { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping }).GetTypeInfo(typeof(OpenAiErrorBody))!;

    /// <summary>As the body of an answer: <c>{ "error": { … } }</c>.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(new OpenAiErrorBody(this), Json);
}

internal sealed record OpenAiErrorBody(OpenAiError Error);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OpenAiErrorBody))]
internal sealed partial class OpenAiErrorJson : JsonSerializerContext;
