using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>Writes JSON straight into an answer, alone or as server-sent events. One at a time: what is begun is ended before the next.</summary>
#pragma warning disable CA1001 // The JSON writer owns nothing while it writes into somebody else's buffer.
internal sealed class JsonEvents
#pragma warning restore CA1001
{
    // The answer is JSON to everyone who takes it, so quotes and letters need no escapes.
    private static readonly JsonWriterOptions Options = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true, MaxDepth = 512 };

    private readonly Utf8JsonWriter _json = new(Stream.Null, Options);
    private IBufferWriter<byte>? _output;
    private bool _isEvent;

    /// <summary>JSON alone.</summary>
    public Utf8JsonWriter Begin(IBufferWriter<byte> output) => Begin(output, isEvent: false);

    /// <summary>An event without a name.</summary>
    public Utf8JsonWriter BeginEvent(IBufferWriter<byte> output)
    {
        output.Write("data: "u8);
        return Begin(output, isEvent: true);
    }

    /// <summary>An event with a name.</summary>
    public Utf8JsonWriter BeginEvent(IBufferWriter<byte> output, ReadOnlySpan<byte> name)
    {
        output.Write("event: "u8);
        output.Write(name);
        output.Write("\n"u8);
        return BeginEvent(output);
    }

    public void End()
    {
        _json.Flush();
        if (_isEvent)
        {
            _output!.Write("\n\n"u8);
        }
    }

    /// <summary>JSON as bytes.</summary>
    public static byte[] Bytes(Action<Utf8JsonWriter> write)
    {
        var output = new ArrayBufferWriter<byte>(1024);
        using (var json = new Utf8JsonWriter(output, Options))
        {
            write(json);
        }

        return output.WrittenSpan.ToArray();
    }

    private Utf8JsonWriter Begin(IBufferWriter<byte> output, bool isEvent)
    {
        (_output, _isEvent) = (output, isEvent);
        _json.Reset(output);
        return _json;
    }
}
