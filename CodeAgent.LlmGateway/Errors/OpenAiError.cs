using System.Text.Json;
using System.Text.Json.Serialization;

namespace CodeAgent.LlmGateway.Errors;

/// <summary>An error as OpenAI's clients understand it.</summary>
/// <param name="Message">What is wrong, for people.</param>
/// <param name="Type">The kind of error.</param>
/// <param name="Code">Stable name of the reason.</param>
/// <param name="Param">The field of the request that is wrong.</param>
internal sealed record OpenAiError(string Message, string Type, string? Code, string? Param)
{
    /// <summary>As the body of an answer: <c>{ "error": { … } }</c>.</summary>
    public byte[] ToBytes() => JsonSerializer.SerializeToUtf8Bytes(new OpenAiErrorBody(this), OpenAiErrorJson.Default.OpenAiErrorBody);
}

internal sealed record OpenAiErrorBody(OpenAiError Error);

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web)]
[JsonSerializable(typeof(OpenAiErrorBody))]
internal sealed partial class OpenAiErrorJson : JsonSerializerContext;
