using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;
using Microsoft.ML.Tokenizers;

namespace CodeAgent.LlmGateway.Providers.Estimates;

/// <summary>
/// Counts the tokens of a request where its provider cannot be asked: with a tokenizer of OpenAI's for whatever model it is, which
/// is near enough to know when a conversation becomes too long. The answer says that it is an estimate.
/// </summary>
internal sealed class TokenEstimator : IModelProvider
{
    public const string Header = "x-codeagent-estimated";

    // What an image of the usual size costs, and about what a page of a document does.
    private const int TokensOfImage = 1600;
    private const int BytesOfPage = 40_000;
    private const int TokensOfPage = 2000;

    // Around each message and each tool there are some tokens that no text shows.
    private const int TokensOfFrame = 4;

    private readonly Lazy<TiktokenTokenizer> _tokenizer = new(() => TiktokenTokenizer.CreateForEncoding("o200k_base"));

    public Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken)
    {
        var tokens = Count(request.Origin.Body);
        var name = request.Protocol == Protocol.Gemini ? "totalTokens" : "input_tokens";
        return Task.FromResult<ProviderAnswer>(new WholeAnswer(Encoding.UTF8.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{{\"{name}\":{tokens}}}")))
        {
            Status = StatusCodes.Status200OK,
            ContentType = "application/json",
            Headers = [new(Header, "true")],
        });
    }

    /// <summary>The tokens of everything that a model would read of a request, in any protocol.</summary>
    public long Count(ReadOnlyMemory<byte> body)
    {
        using var json = JsonDocument.Parse(WholeText.Of(body), new() { MaxDepth = 512 });
        return Count(json.RootElement);
    }

    private long Count(JsonElement value) => value.ValueKind switch
    {
        JsonValueKind.Object => TokensOfFrame / 2 + Object(value),
        JsonValueKind.Array => value.EnumerateArray().Sum(Count),
        JsonValueKind.String => Text(value),
        JsonValueKind.Number or JsonValueKind.True or JsonValueKind.False => 1,
        _ => 0,
    };

    private long Object(JsonElement value)
    {
        // Bytes in base64 are no text to a model.
        if (value.TryGetProperty("data", out var data) && data.ValueKind == JsonValueKind.String && Type(value) is { } type)
        {
            return type.StartsWith("image/", StringComparison.Ordinal) ? TokensOfImage
                : type.StartsWith("text/", StringComparison.Ordinal) ? Count(data)
                : (1 + data.GetRawText().Length / BytesOfPage) * TokensOfPage;
        }

        return value.EnumerateObject().Where(property => !IsSetting(property.Name)).Sum(property => Name(property.Name) + Count(property.Value));
    }

    // Names of fields are not read by the model, except those of a tool's arguments; these are what the protocols themselves do not use.
    private long Name(string name) => Known.Contains(name) ? 0 : _tokenizer.Value.CountTokens(name);

    private static readonly HashSet<string> Known =
    [
        "messages", "contents", "parts", "content", "text", "role", "type", "system", "systemInstruction", "tools", "functionDeclarations", "input_schema",
        "parameters", "parametersJsonSchema", "description", "name", "input", "args", "functionCall", "functionResponse", "response", "thinking", "source", "generateContentRequest",
    ];

    private static bool IsSetting(string name) => name is "model" or "cache_control" or "signature" or "thoughtSignature" or "id" or "tool_use_id" or "stream" or "max_tokens"
        or "metadata" or "generationConfig" or "safetySettings" or "toolConfig" or "tool_choice" or "output_config" or "context_management" or "temperature" or "role" or "type";

    private static string? Type(JsonElement value) =>
        (value.TryGetProperty("media_type", out var type) || value.TryGetProperty("mimeType", out type) || value.TryGetProperty("mime_type", out type)) && type.ValueKind == JsonValueKind.String ? type.GetString() : null;

    private long Text(JsonElement value) => _tokenizer.Value.CountTokens(value.GetString()!);
}
