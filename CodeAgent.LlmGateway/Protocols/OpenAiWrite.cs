using System.Text.Json;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>What the requests of OpenAI's two protocols have in common when they are written.</summary>
internal static class OpenAiWrite
{
    private static readonly JsonElement NoArguments = JsonElement.Parse("""{"type":"object","properties":{}}"""u8);

    public static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, string? value)
    {
        if (value is not null)
        {
            json.WriteString(name, value);
        }
    }

    public static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, long? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    public static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, double? value)
    {
        if (value is { } number)
        {
            json.WriteNumber(name, number);
        }
    }

    public static void Optional(Utf8JsonWriter json, ReadOnlySpan<byte> name, bool? value)
    {
        if (value is { } flag)
        {
            json.WriteBoolean(name, flag);
        }
    }

    /// <summary>What stands inside of a function, however it is wrapped.</summary>
    public static void Function(Utf8JsonWriter json, Tool tool, bool? strict)
    {
        json.WriteString("name"u8, tool.Name);
        Optional(json, "description"u8, tool.Description);
        json.WritePropertyName("parameters"u8);
        (tool.Schema ?? NoArguments).WriteTo(json);
        Optional(json, "strict"u8, strict);
    }

    public static void Schema(Utf8JsonWriter json, AnswerFormat format)
    {
        json.WriteString("name"u8, format.Name ?? "answer");
        Optional(json, "description"u8, format.Description);
        json.WritePropertyName("schema"u8);
        format.Schema!.Value.WriteTo(json);
        Optional(json, "strict"u8, format.Strict);
    }

    public static string Address(Part.Image image) => image.Url ?? $"data:{image.MediaType};base64,{image.Data}";

    /// <summary>What a tool answered as text; that it failed is said in words, since there is no field for it.</summary>
    public static string ResultText(Part.ToolResult result)
    {
        var text = string.Join("\n", result.Content.OfType<Part.Text>().Select(part => part.Value));
        return result.IsError ? $"Error: {text}" : text;
    }
}
