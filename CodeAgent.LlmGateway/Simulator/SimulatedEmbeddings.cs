using System.Runtime.InteropServices;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>Vectors that mean nothing, but are the same for the same text and of length 1, as a model's are.</summary>
internal static class SimulatedEmbeddings
{
    private const int DefaultDimensions = 256;
    private const int MostDimensions = 4096;

    // { "input": "text" or [ "text", … ] or tokens, "dimensions": 256, "encoding_format": "float" or "base64" }
    public static byte[] Answer(ReadOnlyMemory<byte> body, string model)
    {
        using var request = JsonDocument.Parse(WholeText.Of(body));
        var root = request.RootElement;
        var inputs = Inputs(root);
        var dimensions = Dimensions(root, "dimensions");
        var isBase64 = root.TryGetProperty("encoding_format", out var format) && format.ValueEquals("base64");
        return JsonEvents.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteString("object"u8, "list"u8);
            json.WriteStartArray("data"u8);
            for (var index = 0; index < inputs.Count; index++)
            {
                json.WriteStartObject();
                json.WriteString("object"u8, "embedding"u8);
                json.WriteNumber("index"u8, index);
                Write(json, Vector(inputs[index], dimensions), isBase64);
                json.WriteEndObject();
            }

            json.WriteEndArray();
            json.WriteString("model"u8, model);
            json.WriteStartObject("usage"u8);
            var tokens = inputs.Sum(SimulatedConversation.TokensOf);
            json.WriteNumber("prompt_tokens"u8, tokens);
            json.WriteNumber("total_tokens"u8, tokens);
            json.WriteEndObject();
            json.WriteEndObject();
        });
    }

    // { "content": { "parts": [ { "text": "…" } ] }, "outputDimensionality": 256 }, or { "requests": [ such ones ] }
    public static byte[] AnswerGoogle(ReadOnlyMemory<byte> body)
    {
        using var request = JsonDocument.Parse(WholeText.Of(body));
        var root = request.RootElement;
        return JsonEvents.Bytes(json =>
        {
            json.WriteStartObject();
            if (!root.TryGetProperty("requests"u8, out var requests) || requests.ValueKind != JsonValueKind.Array)
            {
                json.WriteStartObject("embedding"u8);
                Values(json, root, "");
                json.WriteEndObject();
            }
            else
            {
                json.WriteStartArray("embeddings"u8);
                var index = 0;
                foreach (var one in requests.EnumerateArray())
                {
                    json.WriteStartObject();
                    Values(json, one, $"requests[{index++}].");
                    json.WriteEndObject();
                }

                json.WriteEndArray();
            }

            json.WriteEndObject();
        });
    }

    private static void Values(Utf8JsonWriter json, JsonElement request, string at)
    {
        if (request.ValueKind != JsonValueKind.Object || !request.TryGetProperty("content", out var content) || content.ValueKind != JsonValueKind.Object
            || !content.TryGetProperty("parts", out var parts) || parts.ValueKind != JsonValueKind.Array)
        {
            throw Invalid($"{at}content", "an object with parts");
        }

        var texts = parts.EnumerateArray().Select(part => part.ValueKind == JsonValueKind.Object && part.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? text.GetString()! : throw Invalid($"{at}content.parts", "texts"));
        json.WriteStartArray("values"u8);
        foreach (var value in Vector(string.Concat(texts), Dimensions(request, "outputDimensionality", at)))
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static int Dimensions(JsonElement request, string name, string at = "") =>
        !request.TryGetProperty(name, out var wanted) ? DefaultDimensions
        : wanted.ValueKind == JsonValueKind.Number && wanted.TryGetInt32(out var number) && number is >= 1 and <= MostDimensions ? number
        : throw Invalid(at + name, $"a number from 1 to {MostDimensions}");

    private static void Write(Utf8JsonWriter json, float[] vector, bool isBase64)
    {
        if (isBase64)
        {
            json.WriteBase64String("embedding"u8, MemoryMarshal.AsBytes(vector.AsSpan()));
            return;
        }

        json.WriteStartArray("embedding"u8);
        foreach (var value in vector)
        {
            json.WriteNumberValue(value);
        }

        json.WriteEndArray();
    }

    private static List<string> Inputs(JsonElement root)
    {
        root.TryGetProperty("input", out var input);
        return input.ValueKind switch
        {
            JsonValueKind.String => [input.GetString()!],
            JsonValueKind.Array when input.GetArrayLength() > 0 && input[0].ValueKind == JsonValueKind.Number => [input.GetRawText()],
            JsonValueKind.Array when input.GetArrayLength() > 0 => [.. input.EnumerateArray().Select(each => each.ValueKind == JsonValueKind.String ? each.GetString()! : each.GetRawText())],
            _ => throw Invalid("input", "a text, or a list of texts"),
        };
    }

    private static float[] Vector(string text, int dimensions)
    {
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes(text));
        var bytes = new byte[dimensions];
        for (var start = 0; start < dimensions; start += seed.Length)
        {
            seed = SHA256.HashData(seed);
            seed.AsSpan(0, Math.Min(seed.Length, dimensions - start)).CopyTo(bytes.AsSpan(start));
        }

        // Never 0, so that there is a length to divide by.
        var vector = Array.ConvertAll(bytes, value => value - 127.5f);
        var length = MathF.Sqrt(vector.Sum(value => value * value));
        return Array.ConvertAll(vector, value => value / length);
    }

    private static ProblemException Invalid(string field, string expected) =>
        new("invalid-field", StatusCodes.Status400BadRequest, $"'{field}' must be {expected}.") { Field = field };
}
