using System.Buffers;
using System.Text.Encodings.Web;
using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Says a conversation in Anthropic's form.</summary>
internal sealed class MessagesRequestWriter(Conversation conversation, string model)
{
    /// <summary>What may be written where the caller sets no limit: Anthropic must be told one. Every current model writes as much.</summary>
    public const long DefaultMaxOutputTokens = 32_000;

    private const long LeastBudget = 1024;
    private static readonly CacheMark DefaultMark = new(null);

    private readonly ArrayBufferWriter<byte> _bytes = new(4096);

    public byte[] Write()
    {
        var thinking = Thinking();
        using var json = new Utf8JsonWriter(_bytes, new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping, SkipValidation = true });
        json.WriteStartObject();
        json.WriteString("model", model);
        json.WriteNumber("max_tokens", MaxTokens(thinking.Budget));
        Sampling(json, thinking.Type is "enabled" or "adaptive");
        if (thinking.Type is not null)
        {
            json.WriteStartObject("thinking");
            json.WriteString("type", thinking.Type);
            if (thinking.Budget is { } budget)
            {
                json.WriteNumber("budget_tokens", budget);
            }
            else if (thinking.Type == "adaptive" && conversation.Reasoning!.IncludeThoughts)
            {
                json.WriteString("display", "summarized");
            }

            json.WriteEndObject();
        }

        OutputConfig(json, thinking.Effort);
        if (conversation.User is { } user)
        {
            json.WriteStartObject("metadata");
            json.WriteString("user_id", EndUser.ForAnthropic(user));
            json.WriteEndObject();
        }

        Tools(json);
        new MessagesPartWriter(json, model).Write(Marked());
        if (conversation.IsStream)
        {
            json.WriteBoolean("stream", true);
        }

        json.WriteEndObject();
        json.Flush();
        return _bytes.WrittenSpan.ToArray();
    }

    private long MaxTokens(long? budget) => conversation.MaxOutputTokens ?? Math.Max(DefaultMaxOutputTokens, (budget ?? 0) + DefaultMaxOutputTokens / 2);

    private void Sampling(Utf8JsonWriter json, bool thinks)
    {
        _ = conversation.Temperature > 1 ? throw Cannot("temperature", "temperatures above 1") : 0;

        // Clients set these without being asked (gemini always all three), and the newer models refuse what the older ones take.
        var sampling = thinks ? Messages.Sampling.None : ClaudeModel.Sampling(model);
        if (sampling != Messages.Sampling.None)
        {
            OpenAiWrite.Optional(json, "temperature"u8, conversation.Temperature);
            OpenAiWrite.Optional(json, "top_p"u8, sampling == Messages.Sampling.All || conversation.Temperature is null ? conversation.TopP : null);
            OpenAiWrite.Optional(json, "top_k"u8, conversation.TopK);
        }

        if (conversation.Stop.Count > 0)
        {
            json.WriteStartArray("stop_sequences");
            foreach (var stop in conversation.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        _ = conversation.PresencePenalty is null or 0 ? 0 : throw Cannot("presence_penalty", "penalties");
        _ = conversation.FrequencyPenalty is null or 0 ? 0 : throw Cannot("frequency_penalty", "penalties");
        _ = conversation.Seed is null ? 0 : throw Cannot("seed", "seeds");
    }

    // The efforts and budgets have no exact match in each other; a thought more or less is no other answer.
    private (string? Type, long? Budget, string? Effort) Thinking()
    {
        if (conversation.Reasoning is not { } wish)
        {
            return default;
        }

        if (wish.BudgetTokens == 0 || wish.Effort == "none")
        {
            var (off, least) = ClaudeModel.Off(model);
            return (off, null, least);
        }

        if (ClaudeModel.IsAdaptive(model))
        {
            return ("adaptive", null, ClaudeModel.Effort(model, wish.Effort ?? EffortOf(wish.BudgetTokens)));
        }

        if (conversation.ToolChoice?.Kind is ToolChoiceKind.Any or ToolChoiceKind.Named || LacksThought())
        {
            // Refused together with a budget, and without a thought the answer is still one.
            return default;
        }

        var budget = wish.BudgetTokens is > 0 ? wish.BudgetTokens.Value : wish.Effort switch { "minimal" => LeastBudget, "low" => 2048, "high" => 16_384, "xhigh" or "max" => 32_000, _ => 8192 };
        budget = Math.Max(LeastBudget, conversation.MaxOutputTokens is { } limit ? Math.Min(budget, limit - 1) : budget);
        return conversation.MaxOutputTokens <= budget ? throw Cannot("max_tokens", $"thinking within less than {LeastBudget} tokens") : ("enabled", budget, null);
    }

    // With a budget, a turn that goes on after results of tools must have begun with a thought of this provider's own.
    private bool LacksThought()
    {
        var said = conversation.Messages.ToList().FindLastIndex(message => message.Role == Role.User && !message.Parts.Any(part => part is Part.ToolResult));
        var begun = conversation.Messages.Skip(said + 1).FirstOrDefault(message => message.Role == Role.Assistant);
        return begun is not null && begun.Parts.Any(part => part is Part.ToolCall) && !begun.Parts.Any(part => part switch
        {
            Part.Thought thought => Signatures.For(Protocol.Messages, thought.Signature) is not null,
            Part.RedactedThought redacted => Signatures.For(Protocol.Messages, redacted.Data) is not null,
            _ => false,
        });
    }

    private static string? EffortOf(long? budget) => budget switch { null => null, <= 4096 => "low", <= 12_000 => "medium", <= 32_000 => "high", _ => "max" };

    private void OutputConfig(Utf8JsonWriter json, string? effort)
    {
        if (conversation.Format is { Schema: null })
        {
            throw Cannot("response_format", "JSON answers without a schema");
        }

        if (effort is null && conversation.Format is null)
        {
            return;
        }

        json.WriteStartObject("output_config");
        if (effort is not null)
        {
            json.WriteString("effort", effort);
        }

        if (conversation.Format?.Schema is { } schema)
        {
            json.WriteStartObject("format");
            json.WriteString("type", "json_schema");
            json.WritePropertyName("schema");
            schema.WriteTo(json);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }

    private void Tools(Utf8JsonWriter json)
    {
        if (conversation.Tools.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools");
        foreach (var tool in conversation.Tools)
        {
            json.WriteStartObject();
            json.WriteString("name", tool.Name);
            if (tool.Description is not null)
            {
                json.WriteString("description", tool.Description);
            }

            json.WritePropertyName("input_schema");
            if (tool.Schema is { } schema)
            {
                schema.WriteTo(json);
            }
            else
            {
                json.WriteRawValue("""{"type":"object","properties":{}}""");
            }

            if (tool.Strict is true)
            {
                json.WriteBoolean("strict", true);
            }

            MessagesPartWriter.Mark(json, tool.Cache);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        var one = conversation.ParallelToolCalls is false;
        if ((conversation.ToolChoice ?? (one ? new(ToolChoiceKind.Auto) : null)) is not { } choice)
        {
            return;
        }

        json.WriteStartObject("tool_choice");
        json.WriteString("type", choice.Kind switch { ToolChoiceKind.Any => "any", ToolChoiceKind.None => "none", ToolChoiceKind.Named => "tool", _ => "auto" });
        if (choice.Kind == ToolChoiceKind.Named)
        {
            json.WriteString("name", choice.Name);
        }

        if (one && choice.Kind != ToolChoiceKind.None)
        {
            json.WriteBoolean("disable_parallel_tool_use", true);
        }

        json.WriteEndObject();
    }

    // The other protocols' providers cache prefixes by themselves; Anthropic wants marks. A conversation with tools goes on, so
    // that marks at its standing part and at its end pay from the next turn on. A caller's own marks are kept as they are.
    private Conversation Marked()
    {
        if (conversation.Tools.Count == 0 || conversation.Tools.Any(tool => tool.Cache is not null)
            || conversation.System.Any(part => part.Cache is not null) || conversation.Messages.Any(message => message.Parts.Any(part => part.Cache is not null)))
        {
            return conversation;
        }

        var last = conversation.Messages.Count - 1;
        return conversation with
        {
            System = Marked(conversation.System),
            Messages = [.. conversation.Messages.Select((message, i) => i == last && message.Role == Role.User ? message with { Parts = Marked(message.Parts) } : message)],
        };
    }

    private static List<Part> Marked(IReadOnlyList<Part> parts) =>
        [.. parts.Select((part, i) => i == parts.Count - 1 && MessagesPartWriter.IsSaid(part) ? part with { Cache = DefaultMark } : part)];

    private static ServiceDefaults.Problems.ProblemException Cannot(string field, string what) => NotExpressible.In(Protocol.Messages, field, what);
}
