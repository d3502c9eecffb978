using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Understands a request in Anthropic's form. What another protocol has no words for is refused by name.</summary>
internal static class MessagesRequestReader
{
    public static Conversation Read(ModelRequest request)
    {
        using var json = JsonDocument.Parse(WholeText.Of(request.Body), new() { MaxDepth = 512 });
        var body = new RequestFields(json.RootElement, "");

        // These change nothing about the answer: where and how fast it is made, and what a prefix cache keeps.
        body.Ignore("model", "stream", "service_tier", "inference_geo", "speed", "cache_control");
        if (body.Object("context_management") is { } context)
        {
            ContextManagement(context);
        }

        var (choice, parallel) = Choice(body.Object("tool_choice"));
        var output = body.Object("output_config");
        var conversation = new Conversation
        {
            System = body.Value("system") is null ? [] : MessagesPartReader.Content(body, "system", MessagesPartReader.NoNames),
            Messages = Messages(body),
            Tools = [.. body.Objects("tools").Select(Tool)],
            ToolChoice = choice,
            ParallelToolCalls = parallel,
            MaxOutputTokens = body.Number("max_tokens"),
            Temperature = body.Fraction("temperature"),
            TopP = body.Fraction("top_p"),
            TopK = body.Number("top_k"),
            Stop = [.. body.Texts("stop_sequences")],
            Reasoning = Reasoning(body.Object("thinking"), output?.Text("effort")),
            Format = Format(output?.Object("format") ?? body.Object("output_format")),
            User = User(body.Object("metadata")),
            IsStream = request.IsStream,
        };
        conversation = conversation with { IsBegun = conversation.Messages is [.., { Role: Role.Assistant, Parts: var last }] && !last.Any(part => part is Part.ToolCall) };
        output?.Done();
        Empty(body, "mcp_servers");
        body.Done();
        return conversation;
    }

    private static List<Message> Messages(RequestFields body)
    {
        if (body.Value("messages") is null)
        {
            throw body.Missing("messages");
        }

        List<Message> messages = [];
        Dictionary<string, string> names = [];
        foreach (var message in body.Objects("messages"))
        {
            var role = message.RequiredText("role") switch
            {
                "user" => Role.User,
                "assistant" => Role.Assistant,
                "system" => Role.System,
                _ => throw RequestFields.Invalid(message.At("role"), "user, assistant or system"),
            };
            var parts = MessagesPartReader.Content(message, "content", names);
            foreach (var call in parts.OfType<Part.ToolCall>())
            {
                names[call.Id] = call.Name;
            }

            messages.Add(new(role, parts));
            message.Done();
        }

        return messages;
    }

    private static Tool Tool(RequestFields tool)
    {
        // Anthropic's own tools have a type such as web_search_20250305; the model was taught them, and some run over there.
        if (tool.Text("type") is { } type and not "custom")
        {
            throw MessagesPartReader.Only(tool.At("type"), $"Anthropic's tool '{type}'");
        }

        if (tool.Flag("defer_loading") is true)
        {
            throw MessagesPartReader.Only(tool.At("defer_loading"), "a tool that is only searched for");
        }

        tool.Ignore("eager_input_streaming");
        var read = new Tool(tool.RequiredText("name"), tool.Text("description"), tool.Kept("input_schema"), tool.Flag("strict"), MessagesPartReader.Cache(tool));
        tool.Done();
        return read;
    }

    private static (ToolChoice?, bool?) Choice(RequestFields? choice)
    {
        if (choice is null)
        {
            return (null, null);
        }

        ToolChoice read = choice.RequiredText("type") switch
        {
            "auto" => new(ToolChoiceKind.Auto),
            "any" => new(ToolChoiceKind.Any),
            "none" => new(ToolChoiceKind.None),
            "tool" => new(ToolChoiceKind.Named, choice.RequiredText("name")),
            _ => throw RequestFields.Invalid(choice.At("type"), "auto, any, tool or none"),
        };
        var parallel = choice.Flag("disable_parallel_tool_use") is true ? false : (bool?)null;
        choice.Done();
        return (read, parallel);
    }

    private static Reasoning? Reasoning(RequestFields? thinking, string? effort)
    {
        if (thinking is null)
        {
            return effort is null ? null : new(effort, null, false);
        }

        var isShown = thinking.Text("display") is not "omitted";
        Reasoning read = thinking.RequiredText("type") switch
        {
            "enabled" => new(effort, thinking.Number("budget_tokens") ?? throw thinking.Missing("budget_tokens"), isShown),
            "adaptive" => new(effort, null, isShown),
            "disabled" or "between_tools" => new(null, 0, false),
            _ => throw RequestFields.Invalid(thinking.At("type"), "enabled, adaptive, between_tools or disabled"),
        };
        thinking.Done();
        return read;
    }

    private static AnswerFormat? Format(RequestFields? format)
    {
        if (format is null)
        {
            return null;
        }

        if (format.RequiredText("type") != "json_schema")
        {
            throw RequestFields.Invalid(format.At("type"), "json_schema");
        }

        var read = new AnswerFormat(format.Kept("schema") ?? throw format.Missing("schema"), format.Text("name"), Strict: true);
        format.Done();
        return read;
    }

    private static string? User(RequestFields? metadata)
    {
        var user = metadata?.Text("user_id");
        metadata?.Done();
        return user;
    }

    // What Anthropic's server would take out of the conversation. Thoughts mean nothing to another provider in any case; results
    // of tools do.
    private static void ContextManagement(RequestFields context)
    {
        foreach (var edit in context.Objects("edits"))
        {
            if (edit.RequiredText("type") is var type && !type.StartsWith("clear_thinking", StringComparison.Ordinal))
            {
                throw MessagesPartReader.Only(edit.At("type"), $"the edit '{type}'");
            }
        }

        context.Done();
    }

    private static void Empty(RequestFields body, string name)
    {
        if (body.Objects(name).Any())
        {
            throw MessagesPartReader.Only(name, "what runs at Anthropic");
        }
    }
}
