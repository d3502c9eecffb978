using System.Text.Json;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols.Gemini;

/// <summary>Understands a request in Google's form. What another protocol has no words for is refused by name.</summary>
internal static class GeminiRequestReader
{
    public static Conversation Read(ModelRequest request)
    {
        using var json = JsonDocument.Parse(WholeText.Of(request.Body), new() { MaxDepth = 512 });
        var body = new RequestFields(json.RootElement, "", snakeToo: true);

        // safetySettings set Google's own filters, which are nowhere else; the others say who pays and what is noted.
        body.Ignore("model", "safetySettings", "labels", "serviceTier", "store");
        if (body.Text("cachedContent") is not null)
        {
            throw Only("cachedContent", "what was put into its cache before");
        }

        var (choice, allowed) = Choice(body.Object("toolConfig"));
        var tools = Tools(body);
        var settings = body.Object("generationConfig");
        var conversation = new Conversation
        {
            System = body.Value("systemInstruction") is null ? [] : System(body),
            Messages = new GeminiPartReader().Messages(body),
            Tools = allowed is null ? tools : [.. tools.Where(tool => allowed.Contains(tool.Name))],
            ToolChoice = choice,
            IsStream = request.IsStream,
        };
        if (settings is not null)
        {
            conversation = Settings(settings, conversation);
        }

        body.Done();
        return conversation;
    }

    /// <summary>What no other provider could do.</summary>
    public static ProblemException Only(string field, string what) => NotExpressible.Of(field, $"Only Google's own API has {what}.");

    private static List<Part> System(RequestFields body)
    {
        if (body.Value("systemInstruction") is { ValueKind: JsonValueKind.String })
        {
            return [new Part.Text(body.Text("systemInstruction")!)];
        }

        var instruction = body.Object("systemInstruction")!;
        instruction.Ignore("role");
        List<Part> parts = [];
        foreach (var part in instruction.Objects("parts"))
        {
            parts.Add(new Part.Text(part.RequiredText("text")));
            part.Done();
        }

        instruction.Done();
        return parts;
    }

    private static Conversation Settings(RequestFields settings, Conversation conversation)
    {
        if (settings.Number("candidateCount") is > 1)
        {
            throw NotExpressible.Of(settings.At("candidateCount"), "One answer can be asked for.");
        }

        if (settings.Texts("responseModalities").FirstOrDefault(modality => !modality.Equals("TEXT", StringComparison.OrdinalIgnoreCase)) is { } other)
        {
            throw Only(settings.At("responseModalities"), $"answers of the kind {other}");
        }

        var read = conversation with
        {
            MaxOutputTokens = settings.Number("maxOutputTokens"),
            Temperature = settings.Fraction("temperature"),
            TopP = settings.Fraction("topP"),
            TopK = (long?)settings.Fraction("topK"),
            PresencePenalty = settings.Fraction("presencePenalty"),
            FrequencyPenalty = settings.Fraction("frequencyPenalty"),
            Seed = settings.Number("seed"),
            Stop = [.. settings.Texts("stopSequences")],
            Reasoning = Thinking(settings.Object("thinkingConfig")),
            Format = Format(settings),
        };
        settings.Done();
        return read;
    }

    private static AnswerFormat? Format(RequestFields settings)
    {
        var type = settings.Text("responseMimeType");
        var schema = settings.Kept("responseJsonSchema") ?? settings.Kept("_responseJsonSchema") ?? (settings.Kept("responseSchema") is { } own ? GeminiSchema.ToJsonSchema(own) : null);
        return type switch
        {
            null or "" or "text/plain" when schema is null => null,
            null or "" or "application/json" => new(schema, null, schema is null ? null : true),
            _ => throw Only(settings.At("responseMimeType"), $"answers of the type {type}"),
        };
    }

    private static Reasoning? Thinking(RequestFields? thinking)
    {
        if (thinking is null)
        {
            return null;
        }

        // A budget of -1 leaves it to the model.
        var budget = thinking.Number("thinkingBudget");
        var level = thinking.Text("thinkingLevel")?.ToLowerInvariant();
        var read = new Reasoning(level is "thinking_level_unspecified" ? null : level, budget < 0 ? null : budget, thinking.Flag("includeThoughts") ?? false);
        thinking.Done();
        return read;
    }

    private static List<Tool> Tools(RequestFields body)
    {
        List<Tool> tools = [];
        foreach (var group in body.Objects("tools"))
        {
            foreach (var function in group.Objects("functionDeclarations"))
            {
                var schema = function.Kept("parametersJsonSchema") ?? (function.Kept("parameters") is { } own ? GeminiSchema.ToJsonSchema(own) : null);

                // What the tool answers is told to Google's models alone; it binds nobody.
                function.Ignore("response", "responseJsonSchema");
                if (function.Text("behavior") is "NON_BLOCKING")
                {
                    throw Only(function.At("behavior"), "calls that nobody waits for");
                }

                tools.Add(new(function.RequiredText("name"), function.Text("description"), schema));
                function.Done();
            }

            foreach (var kind in group.Element.EnumerateObject())
            {
                if (kind.Value.ValueKind != JsonValueKind.Null && kind.Name is not ("functionDeclarations" or "function_declarations"))
                {
                    throw Only(group.At(kind.Name), $"the tool {kind.Name}");
                }
            }
        }

        return tools;
    }

    private static (ToolChoice?, HashSet<string>?) Choice(RequestFields? config)
    {
        if (config?.Object("functionCallingConfig") is not { } calling)
        {
            config?.Done();
            return (null, null);
        }

        HashSet<string> allowed = [.. calling.Texts("allowedFunctionNames")];
        ToolChoice? choice = calling.Text("mode")?.ToUpperInvariant() switch
        {
            // VALIDATED is AUTO with calls that fit their schema.
            null or "MODE_UNSPECIFIED" or "AUTO" or "VALIDATED" => new(ToolChoiceKind.Auto),
            "NONE" => new(ToolChoiceKind.None),
            "ANY" when allowed.Count == 1 => new(ToolChoiceKind.Named, allowed.Single()),
            "ANY" => new(ToolChoiceKind.Any),
            _ => throw RequestFields.Invalid(calling.At("mode"), "AUTO, ANY, NONE or VALIDATED"),
        };
        calling.Ignore("streamFunctionCallArguments");
        calling.Done();
        config.Done();
        return (choice, allowed.Count > 0 && choice.Kind != ToolChoiceKind.Named ? allowed : null);
    }
}
