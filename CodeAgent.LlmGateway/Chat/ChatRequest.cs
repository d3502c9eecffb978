using System.Text;
using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Chat;

/// <summary>
/// A request for a chat completion as the caller sent it, byte for byte. Only the model's name and whether the answer is to be
/// streamed are read; what the gateway does not know of goes through as it is.
/// </summary>
internal sealed class ChatRequest
{
    private static readonly JsonReaderOptions Strict = new() { MaxDepth = 512 };
    private readonly (int Start, int End) _modelToken;

    /// <exception cref="ProblemException">400: it is no JSON object, or has no model.</exception>
    public ChatRequest(ReadOnlyMemory<byte> body)
    {
        Body = body;
        try
        {
            (Model, IsStream, _modelToken) = Scan(body.Span);
        }
        catch (JsonException e)
        {
            throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest,
                $"The body is not valid JSON: line {e.LineNumber + 1}, byte {e.BytePositionInLine + 1}.");
        }
    }

    public ReadOnlyMemory<byte> Body { get; }

    public string Model { get; }

    public bool IsStream { get; }

    /// <summary>Headers of the caller that mean something to the provider.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Headers { get; init; } = [];

    /// <summary>Whether someone may still be reading <see cref="Body"/> though the request is done with.</summary>
    public bool IsBodyShared { get; set; }

    /// <summary>The body with another model's name in it, in pieces.</summary>
    public ReadOnlyMemory<byte>[] WithModel(string model) => model == Model
        ? [Body]
        : [Body[.._modelToken.Start], Encoding.UTF8.GetBytes($"\"{JsonEncodedText.Encode(model)}\""), Body[_modelToken.End..]];

    // The whole body is read, not just up to the model: what is not valid is refused here rather than at the provider, and a
    // second "model" further on must not be the one that counts there.
    private static (string Model, bool IsStream, (int, int) Token) Scan(ReadOnlySpan<byte> body)
    {
        var reader = new Utf8JsonReader(body, Strict);
        reader.Read();
        if (reader.TokenType != JsonTokenType.StartObject)
        {
            throw new ProblemException("invalid-json", StatusCodes.Status400BadRequest, "The body must be a JSON object.");
        }

        string? model = null;
        var (stream, token) = (false, (0, 0));
        while (reader.Read() && reader.TokenType == JsonTokenType.PropertyName)
        {
            var isModel = reader.ValueTextEquals("model"u8);
            var isStream = reader.ValueTextEquals("stream"u8);
            reader.Read();
            if (isModel)
            {
                model = model is null && reader.TokenType == JsonTokenType.String ? reader.GetString() : throw InvalidModel();
                token = ((int)reader.TokenStartIndex, (int)reader.BytesConsumed);
            }
            else if (isStream)
            {
                stream = reader.TokenType == JsonTokenType.True;
            }

            reader.Skip();
        }

        // Anything after the object's end is an error of the reader's.
        reader.Read();
        return string.IsNullOrEmpty(model) ? throw InvalidModel() : (model, stream, token);
    }

    private static ProblemException InvalidModel() => new("invalid-field", StatusCodes.Status400BadRequest,
        "'model' must be there once, as a string: a name of GET /v1/models, or 'default'.")
    { Field = "model" };
}
