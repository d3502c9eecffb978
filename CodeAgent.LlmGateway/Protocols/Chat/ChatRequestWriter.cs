using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>Says a conversation as a request for a chat completion.</summary>
internal static class ChatRequestWriter
{
    public static byte[] Write(Conversation conversation, string model) => JsonEvents.Bytes(json =>
    {
        if (conversation is { IsBegun: true, Dialect.HasPrefill: false })
        {
            throw NotExpressible.In(Protocol.Chat, "messages", "answer that goes on from what the assistant began to say");
        }

        var effort = OpenAiModel.Effort(model, conversation.Reasoning?.NearestEffort, conversation.Dialect);
        json.WriteStartObject();
        json.WriteString("model"u8, model);
        new ChatMessagesWriter(json, conversation).Write();
        Tools(json, conversation);
        OpenAiWrite.Optional(json, conversation.Dialect.HasMaxCompletionTokens ? "max_completion_tokens"u8 : "max_tokens"u8, conversation.MaxOutputTokens);
        if (OpenAiModel.TakesSampling(model, effort))
        {
            OpenAiWrite.Optional(json, "temperature"u8, conversation.Temperature);
            OpenAiWrite.Optional(json, "top_p"u8, conversation.TopP);
        }

        OpenAiWrite.Optional(json, "top_k"u8, conversation.Dialect.HasTopK ? conversation.TopK : null);
        OpenAiWrite.Optional(json, "presence_penalty"u8, conversation.PresencePenalty);
        OpenAiWrite.Optional(json, "frequency_penalty"u8, conversation.FrequencyPenalty);
        OpenAiWrite.Optional(json, "seed"u8, conversation.Seed);
        if (conversation.Stop.Count > 0)
        {
            json.WriteStartArray("stop"u8);
            foreach (var stop in conversation.Stop)
            {
                json.WriteStringValue(stop);
            }

            json.WriteEndArray();
        }

        Reasoning(json, conversation, effort);
        Format(json, conversation.Format);
        OpenAiWrite.Optional(json, "verbosity"u8, conversation.Verbosity);
        OpenAiWrite.Optional(json, "user"u8, EndUser.ForOpenAi(conversation.User));

        // Where it is not known it would be refused, and without it the answer is the same.
        OpenAiWrite.Optional(json, "prompt_cache_key"u8, conversation.Dialect.HasPromptCacheKey ? conversation.PromptCacheKey : null);
        if (conversation.IsStream)
        {
            json.WriteBoolean("stream"u8, true);
            if (conversation.Dialect.HasStreamUsage)
            {
                json.WriteStartObject("stream_options"u8);
                json.WriteBoolean("include_usage"u8, true);
                json.WriteEndObject();
            }
        }

        json.WriteEndObject();
    });

    private static void Tools(Utf8JsonWriter json, Conversation conversation)
    {
        if (conversation.Tools.Count == 0)
        {
            return;
        }

        json.WriteStartArray("tools"u8);
        foreach (var tool in conversation.Tools)
        {
            json.WriteStartObject();
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            OpenAiWrite.Function(json, tool, tool.Strict);
            json.WriteEndObject();
            ChatMessagesWriter.Cache(json, conversation, tool.Cache);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        OpenAiWrite.Optional(json, "parallel_tool_calls"u8, conversation.ParallelToolCalls);
        if (conversation.ToolChoice is { Kind: ToolChoiceKind.Named } named)
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "function"u8);
            json.WriteStartObject("function"u8);
            json.WriteString("name"u8, named.Name);
            json.WriteEndObject();
            json.WriteEndObject();
        }
        else if (conversation.ToolChoice is { } choice)
        {
            json.WriteString("tool_choice"u8, choice.Kind switch { ToolChoiceKind.None => "none", ToolChoiceKind.Any => "required", _ => "auto" });
        }
    }

    private static void Reasoning(Utf8JsonWriter json, Conversation conversation, string? effort)
    {
        if (conversation is { Dialect.HasReasoningBudget: true, Reasoning: { BudgetTokens: > 0 and var budget, Effort: null } })
        {
            json.WriteStartObject("reasoning"u8);
            json.WriteNumber("max_tokens"u8, budget);
            json.WriteEndObject();
        }
        else
        {
            OpenAiWrite.Optional(json, "reasoning_effort"u8, effort);
        }
    }

    private static void Format(Utf8JsonWriter json, AnswerFormat? format)
    {
        if (format is null)
        {
            return;
        }

        json.WriteStartObject("response_format"u8);
        json.WriteString("type"u8, format.Schema is null ? "json_object"u8 : "json_schema"u8);
        if (format.Schema is not null)
        {
            json.WriteStartObject("json_schema"u8);
            OpenAiWrite.Schema(json, format);
            json.WriteEndObject();
        }

        json.WriteEndObject();
    }
}
