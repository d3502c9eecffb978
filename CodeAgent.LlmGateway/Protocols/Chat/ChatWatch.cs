namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>Looks on at chat completions.</summary>
internal sealed class ChatWatch : AnswerWatch
{
    // {"id":"…","model":"…","choices":[…],"usage":{…}}      most pieces have no usage and are not looked into
    public override void Data(ReadOnlySpan<byte> data)
    {
        if (data.SequenceEqual("[DONE]"u8))
        {
            IsComplete = Error is null;
        }
        else if ((Model is null || data.IndexOf("\"usage\""u8) >= 0 || data.IndexOf("\"error\""u8) >= 0) && ChatAnswerHead.TryRead(data) is { } head)
        {
            Model ??= head.Model;
            Usage = head.ToUsage() ?? Usage;
            Error ??= head.IsError ? new(500, "error_in_stream", head.Error.ToString()!) : null;
        }
    }

    public override void Whole(ReadOnlySpan<byte> json)
    {
        if (ChatAnswerHead.TryRead(json) is { } head)
        {
            (Model, Usage) = (head.Model, head.ToUsage());
            Error = head.IsError ? new(500, "error_in_answer", head.Error.ToString()!) : null;
            IsComplete = head.Choices is not null && Error is null;
        }
    }
}
