namespace CodeAgent.LlmGateway.Protocols;

/// <summary>What is to be known of an answer that goes through as it is. Each protocol has its own.</summary>
internal abstract class AnswerWatch
{
    /// <summary>Whether something has come that a caller would see: text, reasoning, a call of a tool. Until then another provider can answer instead.</summary>
    public bool HasContent { get; protected set; }

    /// <summary>Whether the answer is whole: it came to the end that its protocol marks, and told of no error.</summary>
    public bool IsComplete { get; protected set; }

    /// <summary>Whether nothing follows any more. Unlike <see cref="IsComplete"/>, it waits for what comes behind the model's last word.</summary>
    public virtual bool IsAtEnd => IsComplete;

    /// <summary>The error that the answer itself told of, though its status was 200.</summary>
    public GatewayError? Error { get; protected set; }

    public TokenUsage? Usage { get; protected set; }

    /// <summary>Whether <see cref="Usage"/> is what the provider bills, and not a figure from the beginning of the answer that is still to grow.</summary>
    public virtual bool HasFinalUsage => Usage is not null;

    /// <summary>The model that answered, as the provider names it.</summary>
    public string? Model { get; protected set; }

    /// <summary>The bytes of text, reasoning and arguments so far: what was used can be estimated by it where the provider does not say.</summary>
    public long ContentBytes { get; protected set; }

    /// <summary>One event of a stream: what its <c>data:</c> line holds, without the spaces around it. On the hot path: looks into as few of them as it can.</summary>
    public abstract void Data(ReadOnlySpan<byte> data);

    /// <summary>An answer that is no stream, as a whole.</summary>
    public abstract void Whole(ReadOnlySpan<byte> json);
}
