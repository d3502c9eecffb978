using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Chat;

/// <summary>Understands a request for a chat completion, whole: what it does not know of is refused by its name.</summary>
internal static class ChatRequestReader
{
    private static readonly string[] Known =
    [
        "model", "messages", "tools", "tool_choice", "parallel_tool_calls", "max_tokens", "max_completion_tokens", "temperature", "top_p", "top_k",
        "presence_penalty", "frequency_penalty", "seed", "stop", "reasoning_effort", "reasoning", "response_format", "verbosity", "user", "safety_identifier", "prompt_cache_key",
        "store", "n", "logprobs", "top_logprobs", "logit_bias", "modalities", .. OpenAiFields.WithoutEffect,
    ];

    public static Conversation Read(ModelRequest request)
    {
        NotExpressible.UnlessGenerated(request);
        var root = RequestField.Root(request.Body.Span);
        root.Only(Known);
        OpenAiFields.RefuseStore(root);
        OpenAiFields.RefuseUnless(root, "n", field => field.Integer == 1);
        OpenAiFields.RefuseUnless(root, "logprobs", field => !field.Flag);
        OpenAiFields.RefuseUnless(root, "top_logprobs", field => field.Integer == 0);
        OpenAiFields.RefuseUnless(root, "logit_bias", field => !field.Object.Value.EnumerateObject().Any());
        OpenAiFields.RefuseUnless(root, "modalities", field => field.Items is [var only] && only.Text == "text");
        var (system, messages) = ChatMessages.Read(root.Required("messages"));
        return new()
        {
            System = system,
            Messages = messages,
            Tools = [.. (root["tools"]?.Items ?? []).Select(Tool)],
            ToolChoice = OpenAiFields.ToolChoice(root["tool_choice"]),
            ParallelToolCalls = root["parallel_tool_calls"]?.Flag,
            MaxOutputTokens = (root["max_completion_tokens"] ?? root["max_tokens"])?.Integer,
            Temperature = root["temperature"]?.Number,
            TopP = root["top_p"]?.Number,
            TopK = root["top_k"]?.Integer,
            PresencePenalty = root["presence_penalty"]?.Number,
            FrequencyPenalty = root["frequency_penalty"]?.Number,
            Seed = root["seed"]?.Integer,
            Stop = Stop(root["stop"]),
            Reasoning = Reasoning(root),
            Format = Format(root["response_format"]),
            Verbosity = root["verbosity"]?.Text,
            User = (root["user"] ?? root["safety_identifier"])?.Text,
            PromptCacheKey = root["prompt_cache_key"]?.Text,
            IsStream = request.IsStream,
        };
    }

    // { "type": "function", "function": { … } }
    private static Tool Tool(RequestField tool)
    {
        var type = tool.Required("type");
        if (type.Text != "function")
        {
            throw NotExpressible.Of(type.Path, "Only functions can be.");
        }

        tool.Only("type", "function", "cache_control");
        var function = tool.Required("function").Object;
        return OpenAiFields.Function(function, function.Required("name").Text) with { Cache = ChatMessages.Cache(tool) };
    }

    private static IReadOnlyList<string> Stop(RequestField? stop) =>
        stop is not { } field ? [] : field.Kind == JsonValueKind.String ? [field.Text] : [.. field.Items.Select(item => item.Text)];

    // "reasoning_effort": "high", or OpenRouter's "reasoning": { "effort": "high", "max_tokens": 2000, "exclude": false, "enabled": true }
    private static Reasoning? Reasoning(RequestField root)
    {
        if (root["reasoning"] is not { } reasoning)
        {
            return root["reasoning_effort"] is { } effort ? new(effort.Text, null, IncludeThoughts: true) : null;
        }

        reasoning.Only("effort", "max_tokens", "exclude", "enabled");
        var budget = reasoning["max_tokens"]?.Integer;
        var isOff = reasoning["enabled"] is { Flag: false };
        var isOn = reasoning["enabled"] is { Flag: true };
        return new(isOff ? "none" : reasoning["effort"]?.Text ?? (isOn && budget is null ? "medium" : null), budget, reasoning["exclude"] is not { Flag: true });
    }

    // { "type": "json_schema", "json_schema": { … } }, { "type": "json_object" }, { "type": "text" }
    private static AnswerFormat? Format(RequestField? format) => format is not { } field ? null : field.Required("type").Text switch
    {
        "text" => null,
        "json_object" => new(null, null, null),
        "json_schema" => OpenAiFields.Schema(field.Required("json_schema")),
        _ => throw NotExpressible.Of(field.At("type")),
    };
}
