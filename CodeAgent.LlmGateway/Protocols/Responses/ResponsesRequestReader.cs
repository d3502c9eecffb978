using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>Understands a request for a response, whole: what it does not know of, or what needs OpenAI's memory, is refused by its name.</summary>
internal static class ResponsesRequestReader
{
    private static readonly JsonElement FreeformSchema = JsonElement.Parse(
        $$$"""{"type":"object","properties":{"{{{ResponsesTools.Input}}}":{"type":"string","description":"The whole input, as plain text."}},"required":["{{{ResponsesTools.Input}}}"],"additionalProperties":false}""");

    private const string Stateless = "Nothing is remembered there; send the whole conversation as 'input'.";

    private static readonly string[] Known =
    [
        "model", "input", "instructions", "tools", "tool_choice", "parallel_tool_calls", "max_output_tokens", "temperature", "top_p", "reasoning", "text", "user",
        "safety_identifier", "prompt_cache_key", "store", "include", "truncation", "background", "top_logprobs", "previous_response_id", "conversation",
        .. OpenAiFields.WithoutEffect,
    ];

    public static Conversation Read(ModelRequest request)
    {
        NotExpressible.UnlessGenerated(request);
        var root = RequestField.Root(request.Body.Span);
        root.Only(Known);
        Refuse(root);
        var (system, messages) = ResponsesItems.Read(root.Required("input"));
        return new()
        {
            System = root["instructions"] is { } instructions ? [new Part.Text(instructions.Text), .. system] : system,
            Messages = messages,
            Tools = [.. (root["tools"]?.Items ?? []).SelectMany(tool => Tools(tool, null))],
            ToolChoice = OpenAiFields.ToolChoice(root["tool_choice"]),
            ParallelToolCalls = root["parallel_tool_calls"]?.Flag,
            MaxOutputTokens = root["max_output_tokens"]?.Integer,
            Temperature = root["temperature"]?.Number,
            TopP = root["top_p"]?.Number,
            Reasoning = Reasoning(root["reasoning"]),
            Format = Format(root["text"]),
            Verbosity = root["text"]?["verbosity"]?.Text,
            User = (root["user"] ?? root["safety_identifier"])?.Text,
            PromptCacheKey = root["prompt_cache_key"]?.Text,
            IsStream = request.IsStream,
        };
    }

    private static void Refuse(RequestField root)
    {
        foreach (var field in new[] { root["previous_response_id"], root["conversation"] })
        {
            if (field is { } remembered)
            {
                throw NotExpressible.Of(remembered.Path, Stateless);
            }
        }

        OpenAiFields.RefuseStore(root);
        OpenAiFields.RefuseUnless(root, "background", field => !field.Flag);
        OpenAiFields.RefuseUnless(root, "truncation", field => field.Text == "disabled");
        OpenAiFields.RefuseUnless(root, "top_logprobs", field => field.Integer == 0);

        // The rest of what can be included belongs to reasoning, which is always told whole, or to tools of OpenAI's, which are refused.
        foreach (var item in root["include"]?.Items ?? [])
        {
            if (item.Text == "message.output_text.logprobs")
            {
                throw NotExpressible.Of(item.Path);
            }
        }
    }

    private static List<Tool> Tools(RequestField tool, string? container)
    {
        var type = tool.Required("type");
        switch (type.Text)
        {
            case "function":
                return [OpenAiFields.Function(tool, ResponsesTools.Join(container, tool.Required("name").Text))];
            case "custom":
                return [Freeform(tool, ResponsesTools.Join(container, tool.Required("name").Text))];
            case "namespace" when container is null:
                tool.Only("type", "name", "description", "tools");
                var name = tool.Required("name").Text;
                var inner = tool.Required("tools").Items.SelectMany(each => Tools(each, name)).ToList();

                // What is said of all of them is said with the first.
                return tool["description"]?.Text is { Length: > 0 } description && inner is [var first, .. var others]
                    ? [first with { Description = $"{description}\n\n{first.Description}" }, .. others]
                    : inner;
            case "web_search" or "web_search_preview":
                throw NotExpressible.Of(type.Path, "It is OpenAI's own tool. Codex leaves it out with -c web_search=\"disabled\".");
            default:
                throw NotExpressible.Of(type.Path, $"'{type.Text}' is OpenAI's own tool.");
        }
    }

    // { "type": "custom", "name": "…", "description": "…", "format": { "type": "grammar", "syntax": "lark", "definition": "…" } }
    private static Tool Freeform(RequestField tool, string name)
    {
        tool.Only("type", "name", "description", "format", "defer_loading");
        var grammar = tool["format"] is { } format && format.Required("type").Text == "grammar"
            ? $"\n\nThe input must follow this grammar ({format.Required("syntax").Text}):\n{format.Required("definition").Text}" : "";
        return new(name, $"{tool["description"]?.Text}{grammar}".Trim(), FreeformSchema);
    }

    private static Reasoning? Reasoning(RequestField? reasoning)
    {
        if (reasoning is not { } field)
        {
            return null;
        }

        field.Only("effort", "summary", "generate_summary");
        return new(field["effort"]?.Text, null, IncludeThoughts: (field["summary"] ?? field["generate_summary"])?.Text is not (null or "none"));
    }

    // "text": { "format": { "type": "json_schema", "name": "…", "schema": { … } }, "verbosity": "low" }
    private static AnswerFormat? Format(RequestField? text)
    {
        text?.Only("format", "verbosity");
        return text?["format"] is not { } field ? null : field.Required("type").Text switch
        {
            "text" => null,
            "json_object" => new(null, null, null),
            "json_schema" => OpenAiFields.Schema(field),
            _ => throw NotExpressible.Of(field.At("type")),
        };
    }
}
