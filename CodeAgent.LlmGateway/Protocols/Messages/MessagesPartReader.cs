using CodeAgent.LlmGateway.Protocols.Neutral;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols.Messages;

/// <summary>Understands the blocks of Anthropic's messages.</summary>
internal static class MessagesPartReader
{
    public static readonly IReadOnlyDictionary<string, string> NoNames = new Dictionary<string, string>();

    /// <summary>A text, or a list of blocks.</summary>
    /// <param name="owner">The object that has it.</param>
    /// <param name="name">The field's name there.</param>
    /// <param name="names">The tools by the ids of their calls, as far as they are known.</param>
    public static IReadOnlyList<Part> Content(RequestFields owner, string name, IReadOnlyDictionary<string, string> names) =>
        (owner.Value(name) ?? throw owner.Missing(name)).ValueKind == System.Text.Json.JsonValueKind.String
            ? [new Part.Text(owner.Text(name)!)]
            : [.. owner.Objects(name).Select(block => Read(block, names))];

    public static CacheMark? Cache(RequestFields owner)
    {
        if (owner.Object("cache_control") is not { } mark)
        {
            return null;
        }

        mark.Ignore("type", "scope");
        var read = new CacheMark(mark.Text("ttl"));
        mark.Done();
        return read;
    }

    /// <summary>What no other provider could do.</summary>
    public static ProblemException Only(string field, string what) => NotExpressible.Of(field, $"Only Anthropic's own API has {what}.");

    private static Part Read(RequestFields block, IReadOnlyDictionary<string, string> names)
    {
        var part = block.RequiredText("type") switch
        {
            "text" => Text(block),
            "image" => Image(block),
            "document" => Document(block),
            "tool_use" => ToolUse(block),
            "tool_result" => ToolResult(block, names),
            "thinking" => new Part.Thought(block.RequiredText("thinking"), block.Text("signature") is { Length: > 0 } signature ? Signatures.From(Protocol.Messages, signature) : null),
            "redacted_thinking" => new Part.RedactedThought(Signatures.From(Protocol.Messages, block.RequiredText("data"))),
            var other => throw Only(block.At("type"), $"a block '{other}'"),
        };
        part = part with { Cache = Cache(block) };
        block.Done();
        return part;
    }

    private static Part.Text Text(RequestFields block)
    {
        // Where a text of the assistant's came from; the text says it without them too.
        block.Ignore("citations");
        return new(block.RequiredText("text"));
    }

    private static Part.Image Image(RequestFields block)
    {
        var source = block.Object("source") ?? throw block.Missing("source");
        Part.Image read = source.RequiredText("type") switch
        {
            "base64" => new(null, source.RequiredText("media_type"), source.RequiredText("data")),
            "url" => new(source.RequiredText("url"), null, null),
            var other => throw Only(source.At("type"), $"an image from '{other}'"),
        };
        source.Done();
        return read;
    }

    private static Part Document(RequestFields block)
    {
        var source = block.Object("source") ?? throw block.Missing("source");
        var (title, context) = (block.Text("title"), block.Text("context"));
        if (block.Object("citations") is { } citations && citations.Flag("enabled") is true)
        {
            throw Only(citations.At("enabled"), "the wish for citations");
        }

        if (source.RequiredText("type") is "text" or "content")
        {
            // Others have no documents of plain text: it becomes text, with what was said about it before it.
            source.Ignore("media_type");
            var text = source.Text("data") ?? string.Concat(Content(source, "content", NoNames).Select(part => part is Part.Text plain ? plain.Value
                : throw Only(source.At("content"), "a document with pictures in it")));
            source.Done();
            return new Part.Text(string.Join('\n', new[] { title, context, text }.Where(line => line is not null)));
        }

        if (context is not null)
        {
            throw Only(block.At("context"), "a note about a document");
        }

        Part.Document read = source.RequiredText("type") switch
        {
            "base64" => new(null, source.RequiredText("media_type"), source.RequiredText("data"), title),
            "url" => new(source.RequiredText("url"), null, null, title),
            var other => throw Only(source.At("type"), $"a document from '{other}'"),
        };
        source.Done();
        return read;
    }

    private static Part.ToolCall ToolUse(RequestFields block)
    {
        // Who called it: the model itself, or a program that it wrote and that runs at Anthropic.
        if (block.Object("caller") is { } caller && caller.Text("type") is { } type and not "direct")
        {
            throw Only(caller.At("type"), $"a call by '{type}'");
        }

        return new(block.RequiredText("id"), block.RequiredText("name"), block.Kept("input")?.GetRawText() ?? "{}");
    }

    private static Part.ToolResult ToolResult(RequestFields block, IReadOnlyDictionary<string, string> names)
    {
        var id = block.RequiredText("tool_use_id");
        return new(id, names.GetValueOrDefault(id), block.Value("content") is null ? [] : Content(block, "content", names), block.Flag("is_error") ?? false);
    }
}
