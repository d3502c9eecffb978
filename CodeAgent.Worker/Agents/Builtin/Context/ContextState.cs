namespace CodeAgent.Worker.Agents.Builtin.Context;

/// <summary>What was decided about the length of a conversation. Part of it, so that it is the same after a restart.</summary>
internal sealed record ContextState
{
    private const int MostForAnswer = 32_000;

    /// <summary>Tokens that may be sent, as the model counts them.</summary>
    public required int Limit { get; set; }

    /// <summary>Tokens of the model's for each one of our own counting. 1 to 2.</summary>
    public double Ratio { get; set; } = 1;

    /// <summary>Whether the model said that a conversation was too long which was thought to fit.</summary>
    public bool Shrunk { get; set; }

    /// <summary>The turn of the last summary; none where there was none.</summary>
    public int? SummarizedAt { get; set; }

    /// <summary>What holds for a model with this window: a quarter of it, at most 32,000 tokens, is the answer's.</summary>
    public static ContextState For(int window) => new() { Limit = window - Math.Min(window / 4, MostForAnswer) };
}
