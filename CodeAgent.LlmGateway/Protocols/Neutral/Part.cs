namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>A part of a message.</summary>
internal abstract record Part
{
    private Part()
    {
    }

    public CacheMark? Cache { get; init; }

    internal sealed record Text(string Value) : Part;

    internal sealed record Refusal(string Value) : Part;

    /// <summary>An image by address, or in base64 with its type.</summary>
    internal sealed record Image(string? Url, string? MediaType, string? Data) : Part
    {
        /// <summary>low, high or auto (OpenAI).</summary>
        public string? Detail { get; init; }
    }

    /// <summary>A document such as a PDF, by address or in base64 with its type.</summary>
    internal sealed record Document(string? Url, string? MediaType, string? Data, string? Name) : Part;

    /// <summary>What the model thought, handed back. <see cref="Signature"/> is only good for the provider that made it.</summary>
    internal sealed record Thought(string Value, string? Signature) : Part;

    /// <summary>Reasoning that can only be handed back.</summary>
    internal sealed record RedactedThought(string Data) : Part;

    /// <summary>A call of a tool by the assistant.</summary>
    /// <param name="Id">Names the call.</param>
    /// <param name="Name">The tool.</param>
    /// <param name="Arguments">JSON; an empty object where there are none.</param>
    internal sealed record ToolCall(string Id, string Name, string Arguments) : Part
    {
        /// <summary>Gemini's thought signature of the call.</summary>
        public string? Signature { get; init; }
    }

    /// <summary>What a tool answered.</summary>
    /// <param name="CallId">The call.</param>
    /// <param name="Name">The tool; null where the protocol does not say and no call with that id came before.</param>
    /// <param name="Content">Texts, images, documents.</param>
    /// <param name="IsError">Whether it failed.</param>
    internal sealed record ToolResult(string CallId, string? Name, IReadOnlyList<Part> Content, bool IsError) : Part;
}
