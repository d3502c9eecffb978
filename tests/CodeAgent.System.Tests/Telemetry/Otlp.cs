using System.Text;
using Google.Protobuf;

namespace CodeAgent.SystemTests.Telemetry;

/// <summary>A span or a log line as it came in.</summary>
/// <param name="Service">The resource's <c>service.name</c>.</param>
/// <param name="TraceId">32 hexadecimal digits; empty where it belongs to no trace.</param>
/// <param name="SpanId">16 hexadecimal digits.</param>
/// <param name="Parent">The parent span's id; empty at the root, and for log lines.</param>
/// <param name="Text">The span's name, or the line's text.</param>
/// <param name="Attributes">Attributes that are strings.</param>
internal sealed record Signal(string Service, string TraceId, string SpanId, string Parent, string Text, IReadOnlyDictionary<string, string> Attributes);

/// <summary>
/// Reads what the tests need of OTLP's export requests, by the field numbers of opentelemetry-proto 1.x:
/// trace/v1/trace.proto, logs/v1/logs.proto, resource/v1/resource.proto, common/v1/common.proto.
/// </summary>
internal static class Otlp
{
    public static IReadOnlyList<Signal> ReadSpans(byte[] request) =>
        ReadSignals(request, traceId: 1, spanId: 2, parent: 4, text: 5, textIsValue: false, attributes: 9);

    public static IReadOnlyList<Signal> ReadLogs(byte[] request) =>
        ReadSignals(request, traceId: 9, spanId: 10, parent: 0, text: 5, textIsValue: true, attributes: 6);

    // Both requests are alike: { 1: resource group { 1: resource, 2: scope group { 2: span or log line } } }.
    private static List<Signal> ReadSignals(byte[] request, int traceId, int spanId, int parent, int text, bool textIsValue, int attributes) =>
    [
        .. from resourceGroup in Fields(request).Where(f => f.Number == 1)
           let service = Fields(resourceGroup.Bytes).Where(f => f.Number == 1)
               .SelectMany(resource => Attributes(resource.Bytes, 1)).ToDictionary().GetValueOrDefault("service.name", "")
           from scopeGroup in Fields(resourceGroup.Bytes).Where(f => f.Number == 2)
           from signal in Fields(scopeGroup.Bytes).Where(f => f.Number == 2)
           let fields = Fields(signal.Bytes)
           select new Signal(service, Hex(fields, traceId), Hex(fields, spanId), Hex(fields, parent),
               textIsValue ? Value(Bytes(fields, text)) : Encoding.UTF8.GetString(Bytes(fields, text)),
               Attributes(signal.Bytes, attributes).ToDictionary()),
    ];

    private static IEnumerable<KeyValuePair<string, string>> Attributes(byte[] message, int number) =>
        from attribute in Fields(message).Where(f => f.Number == number)
        let fields = Fields(attribute.Bytes)
        group Value(Bytes(fields, 2)) by Encoding.UTF8.GetString(Bytes(fields, 1)) into same
        select KeyValuePair.Create(same.Key, same.First());

    private static string Value(byte[] anyValue) => Encoding.UTF8.GetString(Bytes(Fields(anyValue), 1));

    private static string Hex(IReadOnlyList<(int Number, byte[] Bytes)> fields, int number) =>
        Convert.ToHexStringLower(Bytes(fields, number));

    private static byte[] Bytes(IReadOnlyList<(int Number, byte[] Bytes)> fields, int number) =>
        fields.FirstOrDefault(f => f.Number == number).Bytes ?? [];

    // The length-delimited fields of a message; numbers and the like are passed over.
    private static List<(int Number, byte[] Bytes)> Fields(byte[] message)
    {
        var fields = new List<(int, byte[])>();
        var input = new CodedInputStream(message);
        while (input.ReadTag() is var tag and not 0)
        {
            if (WireFormat.GetTagWireType(tag) == WireFormat.WireType.LengthDelimited)
            {
                fields.Add((WireFormat.GetTagFieldNumber(tag), input.ReadBytes().ToByteArray()));
            }
            else
            {
                input.SkipLastField();
            }
        }

        return fields;
    }
}
