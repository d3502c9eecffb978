namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>Looks on at responses.</summary>
internal sealed class ResponsesWatch : AnswerWatch
{
    public override void Data(ReadOnlySpan<byte> data)
    {
    }

    public override void Whole(ReadOnlySpan<byte> json)
    {
    }
}
