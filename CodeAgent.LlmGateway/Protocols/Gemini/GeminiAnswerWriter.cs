using System.Buffers;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Says an answer as one in Google's form.</summary>
internal sealed class GeminiAnswerWriter(string model) : GeminiWriting(model)
{
    private readonly List<GeminiPart> _parts = [];

    protected override void Add(GeminiPart part, IBufferWriter<byte> output)
    {
        // Fragments of the same kind are one part; a signature ends it.
        if (_parts is [.., { Signature: null } last] && last.IsThought == part.IsThought)
        {
            _parts[^1] = last with { Text = last.Text + part.Text, Signature = part.Signature };
        }
        else
        {
            _parts.Add(part);
        }
    }

    protected override void Finish(IReadOnlyList<GeminiPart> calls, IBufferWriter<byte> output) => Answer([.. _parts, .. calls], isLast: true, output);

    protected override void Fail(GatewayError error, IBufferWriter<byte> output) => output.Write(GeminiErrors.Body(error));
}
