using System.Buffers;
using System.Runtime.InteropServices;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Cache;

/// <summary>
/// JSON without what does not matter: white space, and the order of an object's properties. Numbers and texts stay as they are
/// written, since 1 and 1.0 may not be the same to a provider; at worst the same question is asked twice.
/// </summary>
internal static class CanonicalJson
{
    private static readonly JsonDocumentOptions Deep = new() { MaxDepth = 512 };
    private static readonly Comparer<JsonProperty> ByName = Comparer<JsonProperty>.Create(
        (one, other) => JsonMarshal.GetRawUtf8PropertyName(one).SequenceCompareTo(JsonMarshal.GetRawUtf8PropertyName(other)));

    public static void Write(ReadOnlyMemory<byte> json, IBufferWriter<byte> output)
    {
        using var document = JsonDocument.Parse(json, Deep);
        Write(document.RootElement, output);
    }

    private static void Write(JsonElement element, IBufferWriter<byte> output)
    {
        switch (element.ValueKind)
        {
            case JsonValueKind.Object:
                output.Write("{"u8);

                // The order of two of the same name stays: readers differ in which of them counts.
                foreach (var property in element.EnumerateObject().Order(ByName))
                {
                    output.Write("\""u8);
                    output.Write(JsonMarshal.GetRawUtf8PropertyName(property));
                    output.Write("\":"u8);
                    Write(property.Value, output);
                    output.Write(","u8);
                }

                output.Write("}"u8);
                break;
            case JsonValueKind.Array:
                output.Write("["u8);
                foreach (var item in element.EnumerateArray())
                {
                    Write(item, output);
                    output.Write(","u8);
                }

                output.Write("]"u8);
                break;
            default:
                output.Write(JsonMarshal.GetRawUtf8Value(element));
                break;
        }
    }
}
