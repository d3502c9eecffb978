using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>A request to a model in no protocol's form.</summary>
internal sealed record Conversation
{
    public IReadOnlyList<Part> System { get; init; } = [];

    public required IReadOnlyList<Message> Messages { get; init; }

    public IReadOnlyList<Tool> Tools { get; init; } = [];

    public ToolChoice? ToolChoice { get; init; }

    public bool? ParallelToolCalls { get; init; }

    public long? MaxOutputTokens { get; init; }

    public double? Temperature { get; init; }

    public double? TopP { get; init; }

    public long? TopK { get; init; }

    public double? PresencePenalty { get; init; }

    public double? FrequencyPenalty { get; init; }

    public long? Seed { get; init; }

    public IReadOnlyList<string> Stop { get; init; } = [];

    public Reasoning? Reasoning { get; init; }

    public AnswerFormat? Format { get; init; }

    /// <summary>low, medium or high: how much is to be said (OpenAI).</summary>
    public string? Verbosity { get; init; }

    /// <summary>Who the caller says the end user is.</summary>
    public string? User { get; init; }

    /// <summary>What the caller wants the provider's prompt cache to go by.</summary>
    public string? PromptCacheKey { get; init; }

    public bool IsStream { get; init; }

    /// <summary>Whether the last message is the beginning of the answer, which is to go on from there (Anthropic).</summary>
    public bool IsBegun { get; init; }

    /// <summary>In what the provider that is asked differs from others of its protocol.</summary>
    public Dialect Dialect { get; init; } = new();
}

internal enum Role
{
    User,
    Assistant,

    /// <summary>An instruction in the middle of the conversation; the ones at its beginning are <see cref="Conversation.System"/>.</summary>
    System,
}

/// <summary>What one side said. Results of tools are parts of the user's message, in the order of the calls.</summary>
internal sealed record Message(Role Role, IReadOnlyList<Part> Parts);

/// <param name="Name">The tool's name.</param>
/// <param name="Description">What it does.</param>
/// <param name="Schema">JSON schema of its arguments.</param>
/// <param name="Strict">Whether the arguments must fit the schema.</param>
/// <param name="Cache">The mark of a prefix to be cached.</param>
internal sealed record Tool(string Name, string? Description, JsonElement? Schema, bool? Strict = null, CacheMark? Cache = null);

/// <param name="Kind">What is asked of the model.</param>
/// <param name="Name">The tool, where it must be one.</param>
internal sealed record ToolChoice(ToolChoiceKind Kind, string? Name = null);

internal enum ToolChoiceKind
{
    Auto,
    None,
    Any,
    Named,
}

/// <param name="Effort">none, minimal, low, medium, high, xhigh, max; null where a budget is given instead.</param>
/// <param name="BudgetTokens">Most tokens to think with; 0 turns it off.</param>
/// <param name="IncludeThoughts">Whether the caller wants to see what the model thinks.</param>
internal sealed record Reasoning(string? Effort, long? BudgetTokens, bool IncludeThoughts)
{
    private const int Low = 4096;
    private const int Medium = 16 * 1024;

    /// <summary>The effort, or the one that comes near the budget: where a protocol has no budgets, that is as close as it gets.</summary>
    public string? NearestEffort => Effort ?? BudgetTokens switch
    {
        null => null,
        0 => "none",
        <= Low => "low",
        <= Medium => "medium",
        _ => "high",
    };
}

/// <param name="Schema">JSON schema that the answer must fit; null for any JSON object.</param>
/// <param name="Name">The schema's name.</param>
/// <param name="Strict">Whether it must fit exactly.</param>
internal sealed record AnswerFormat(JsonElement? Schema, string? Name, bool? Strict)
{
    /// <summary>What the schema is for.</summary>
    public string? Description { get; init; }
}

/// <summary>The prefix up to here is to be cached (Anthropic's <c>cache_control</c>).</summary>
/// <param name="Ttl">5m or 1h; null for the provider's own.</param>
internal sealed record CacheMark(string? Ttl);
