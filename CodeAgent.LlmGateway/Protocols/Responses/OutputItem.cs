using System.Text;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Responses;

/// <summary>An item of a response's output while it is being written.</summary>
internal abstract class OutputItem(string id, int index)
{
    public string Id { get; } = id;

    public int Index { get; } = index;

    /// <summary>The item as it is by now.</summary>
    public abstract void Write(Utf8JsonWriter json, bool isDone);

    protected void Begin(Utf8JsonWriter json, ReadOnlySpan<byte> type)
    {
        json.WriteStartObject();
        json.WriteString("id"u8, Id);
        json.WriteString("type"u8, type);
    }

    /// <summary>Whether the answer ended in the middle of it.</summary>
    public bool IsCut { get; set; }

    protected void Status(Utf8JsonWriter json, bool isDone) => json.WriteString("status"u8, !isDone ? "in_progress"u8 : IsCut ? "incomplete"u8 : "completed"u8);
}

/// <summary>What the model thinks. Each piece of the summary is a part of its own.</summary>
internal sealed class ReasoningItem(string id, int index) : OutputItem(id, index)
{
    public StringBuilder Summary { get; } = new();

    public string? Encrypted { get; set; }

    public override void Write(Utf8JsonWriter json, bool isDone)
    {
        Begin(json, "reasoning"u8);
        json.WriteStartArray("summary"u8);
        if (isDone && Summary.Length > 0)
        {
            Part(json, Summary.ToString());
        }

        json.WriteEndArray();
        if (Encrypted is not null)
        {
            json.WriteString("encrypted_content"u8, Encrypted);
        }

        json.WriteEndObject();
    }

    public static void Part(Utf8JsonWriter json, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, "summary_text"u8);
        json.WriteString("text"u8, text);
        json.WriteEndObject();
    }
}

/// <summary>What the model says: texts and refusals, in their order.</summary>
internal sealed class MessageItem(string id, int index) : OutputItem(id, index)
{
    public List<(bool IsRefusal, StringBuilder Text)> Parts { get; } = [];

    public override void Write(Utf8JsonWriter json, bool isDone)
    {
        Begin(json, "message"u8);
        Status(json, isDone);
        json.WriteString("role"u8, "assistant"u8);
        json.WriteStartArray("content"u8);
        foreach (var (isRefusal, text) in isDone ? Parts : [])
        {
            Part(json, isRefusal, text.ToString());
        }

        json.WriteEndArray();
        json.WriteEndObject();
    }

    public static void Part(Utf8JsonWriter json, bool isRefusal, string text)
    {
        json.WriteStartObject();
        json.WriteString("type"u8, isRefusal ? "refusal"u8 : "output_text"u8);
        if (!isRefusal)
        {
            json.WriteStartArray("annotations"u8);
            json.WriteEndArray();
            json.WriteStartArray("logprobs"u8);
            json.WriteEndArray();
        }

        json.WriteString(isRefusal ? "refusal"u8 : "text"u8, text);
        json.WriteEndObject();
    }
}

/// <summary>A call of a tool.</summary>
internal sealed class CallItem(string id, int index, string callId, string? container, string name, bool isFreeform) : OutputItem(id, index)
{
    public StringBuilder Arguments { get; } = new();

    public bool IsFreeform { get; } = isFreeform;

    public string Text => IsFreeform ? Freeform() : Arguments.ToString();

    public override void Write(Utf8JsonWriter json, bool isDone)
    {
        Begin(json, IsFreeform ? "custom_tool_call"u8 : "function_call"u8);
        Status(json, isDone);
        json.WriteString("call_id"u8, callId);
        if (container is not null)
        {
            json.WriteString("namespace"u8, container);
        }

        json.WriteString("name"u8, name);
        json.WriteString(IsFreeform ? "input"u8 : "arguments"u8, isDone ? Text : "");
        json.WriteEndObject();
    }

    // {"input": "…"}; a model that forgot the object around it meant the text all the same.
    private string Freeform()
    {
        var text = Arguments.ToString();
        try
        {
            using var json = JsonDocument.Parse(text);
            return json.RootElement.ValueKind == JsonValueKind.Object && json.RootElement.TryGetProperty(ResponsesTools.Input, out var input)
                ? input.ValueKind == JsonValueKind.String ? input.GetString()! : input.GetRawText()
                : json.RootElement.ValueKind == JsonValueKind.String ? json.RootElement.GetString()! : text;
        }
        catch (JsonException)
        {
            return text;
        }
    }
}
