using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>Says a conversation as a request for a response, of which OpenAI is to keep nothing.</summary>
internal static class ResponsesRequestWriter
{
    // OpenAI takes no less here, and callers who want less want to know whether a model answers.
    private const long LeastOutputTokens = 16;

    public static byte[] Write(Conversation conversation, string model)
    {
        Refuse(conversation);
        var effort = OpenAiModel.Effort(model, conversation.Reasoning?.NearestEffort, conversation.Dialect);
        return JsonEvents.Bytes(json =>
        {
            json.WriteStartObject();
            json.WriteString("model"u8, model);
            if (conversation.System.Count > 0)
            {
                json.WriteString("instructions"u8, string.Join("\n\n", conversation.System.Select(Text)));
            }

            new ResponsesItemsWriter(json).Write(conversation.Messages);
            Tools(json, conversation);
            OpenAiWrite.Optional(json, "max_output_tokens"u8, conversation.MaxOutputTokens is { } limit ? Math.Max(LeastOutputTokens, limit) : null);
            if (OpenAiModel.TakesSampling(model, effort))
            {
                OpenAiWrite.Optional(json, "temperature"u8, conversation.Temperature);
                OpenAiWrite.Optional(json, "top_p"u8, conversation.TopP);
            }

            Reasoning(json, conversation, model, effort);
            Format(json, conversation);
            OpenAiWrite.Optional(json, "user"u8, EndUser.ForOpenAi(conversation.User));
            OpenAiWrite.Optional(json, "prompt_cache_key"u8, conversation.PromptCacheKey);
            json.WriteBoolean("store"u8, false);
            if (conversation.IsStream)
            {
                json.WriteBoolean("stream"u8, true);
            }

            json.WriteEndObject();
        });
    }

    private static void Refuse(Conversation conversation)
    {
        Refuse(conversation.Stop.Count > 0, "stop", "stop sequences");
        Refuse(conversation.Seed is not null, "seed", "seed");
        Refuse(conversation.PresencePenalty is not (null or 0), "presence_penalty", "penalties");
        Refuse(conversation.FrequencyPenalty is not (null or 0), "frequency_penalty", "penalties");
        Refuse(conversation.IsBegun, "messages", "answer that goes on from what the assistant began to say");
    }

    private static void Refuse(bool isThere, string field, string what)
    {
        if (isThere)
        {
            throw NotExpressible.In(Protocol.Responses, field, what);
        }
    }

    private static string Text(Part part) => part is Part.Text text ? text.Value
        : throw NotExpressible.In(Protocol.Responses, "system", "instructions other than text");

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

            // Left out, it would mean true here, and false everywhere else.
            OpenAiWrite.Function(json, tool, tool.Strict ?? false);
            json.WriteEndObject();
        }

        json.WriteEndArray();
        OpenAiWrite.Optional(json, "parallel_tool_calls"u8, conversation.ParallelToolCalls);
        if (conversation.ToolChoice is { Kind: ToolChoiceKind.Named } named)
        {
            json.WriteStartObject("tool_choice"u8);
            json.WriteString("type"u8, "function"u8);
            json.WriteString("name"u8, named.Name);
            json.WriteEndObject();
        }
        else if (conversation.ToolChoice is { } choice)
        {
            json.WriteString("tool_choice"u8, choice.Kind switch { ToolChoiceKind.None => "none", ToolChoiceKind.Any => "required", _ => "auto" });
        }
    }

    private static void Reasoning(Utf8JsonWriter json, Conversation conversation, string model, string? effort)
    {
        var isHandedBack = conversation.Messages.Any(message => message.Parts.OfType<Part.Thought>().Any(thought => Signatures.For(Protocol.Responses, thought.Signature) is not null));
        var isOff = effort == Efforts.None || (effort is null && conversation.Reasoning is { NearestEffort: Efforts.None });
        var reasoning = OpenAiModel.Reasons(model) ? conversation.Reasoning : null;
        if (reasoning is not null && (effort is not null || reasoning.IncludeThoughts))
        {
            json.WriteStartObject("reasoning"u8);
            OpenAiWrite.Optional(json, "effort"u8, effort);
            OpenAiWrite.Optional(json, "summary"u8, reasoning.IncludeThoughts ? "auto" : null);
            json.WriteEndObject();
        }

        // Only where it is thought about: a model that does not reason refuses to include it.
        if (isHandedBack || (reasoning is not null && !isOff))
        {
            json.WriteStartArray("include"u8);
            json.WriteStringValue("reasoning.encrypted_content"u8);
            json.WriteEndArray();
        }
    }

    private static void Format(Utf8JsonWriter json, Conversation conversation)
    {
        if (conversation.Format is null && conversation.Verbosity is null)
        {
            return;
        }

        json.WriteStartObject("text"u8);
        if (conversation.Format is { } format)
        {
            json.WriteStartObject("format"u8);
            json.WriteString("type"u8, format.Schema is null ? "json_object"u8 : "json_schema"u8);
            if (format.Schema is not null)
            {
                OpenAiWrite.Schema(json, format);
            }

            json.WriteEndObject();
        }

        OpenAiWrite.Optional(json, "verbosity"u8, conversation.Verbosity);
        json.WriteEndObject();
    }
}
