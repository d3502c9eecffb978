using System.Buffers;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Says an answer as the stream that Google's clients expect: a row of answers, of which the last has the reason of the end.</summary>
internal sealed class GeminiStreamWriter(string model) : GeminiWriting(model)
{
    // data: {"candidates":[{"content":{"parts":[{"text":"…"}],"role":"model"},"index":0}],"modelVersion":"…","responseId":"…"}
    protected override void Add(GeminiPart part, IBufferWriter<byte> output) => Event([part], isLast: false, output);

    protected override void Finish(IReadOnlyList<GeminiPart> calls, IBufferWriter<byte> output) =>
        Event(calls.Count > 0 ? calls : [new("")], isLast: true, output);

    protected override void Fail(GatewayError error, IBufferWriter<byte> output) => output.Write(GeminiErrors.Event(error));

    private void Event(IReadOnlyList<GeminiPart> parts, bool isLast, IBufferWriter<byte> output)
    {
        if (Error is not null)
        {
            return;
        }

        output.Write("data: "u8);
        Answer(parts, isLast, output);
        output.Write("\r\n\r\n"u8);
    }
}
