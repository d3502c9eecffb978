using System.Buffers;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Says an answer as one in Google's form.</summary>
internal sealed class GeminiAnswerWriter(string model) : GeminiWriting(model)
{
    private readonly List<GeminiPart> _parts = [];

    protected override void Add(GeminiPart part, IBufferWriter<byte> output)
    {
        // Fragments of the same kind are one part. A thought ends with its signature, a text begins with it.
        if (_parts is [.., var last] && last.IsThought == part.IsThought && (part.IsThought ? last : part).Signature is null)
        {
            _parts[^1] = last with { Text = last.Text + part.Text, Signature = last.Signature ?? part.Signature };
        }
        else
        {
            _parts.Add(part);
        }
    }

    protected override void Finish(IReadOnlyList<GeminiPart> calls, IBufferWriter<byte> output) => Answer([.. _parts, .. calls], isLast: true, output);

    protected override void Fail(GatewayError error, IBufferWriter<byte> output) => output.Write(GeminiErrors.Body(error));
}
