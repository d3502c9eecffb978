using System.Text.Encodings.Web;
using System.Text.Json;
using System.Text.Json.Serialization;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>A call of a tool by the model.</summary>
/// <param name="Id">Names the call, unique in the conversation.</param>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">A JSON object.</param>
/// <param name="Broken">Why the arguments could not be read, where they could not; then <paramref name="Arguments"/> is empty.</param>
internal sealed record ToolCall(string Id, string Name, JsonElement Arguments, string? Broken = null)
{
    private static readonly JsonElement None = JsonElement.Parse("{}");
    private static readonly JsonSerializerOptions Compact = new() { Encoder = JavaScriptEncoder.UnsafeRelaxedJsonEscaping };

    /// <summary>The arguments as one text, the same before and after they were stored, which changes white space and escapes.</summary>
    [JsonIgnore]
    public string ArgumentsText => JsonSerializer.Serialize(Arguments, Compact);

    /// <summary>Takes what matters from a model's answer.</summary>
    public static ToolCall From(FunctionCallContent content) => content switch
    {
        { Exception.InnerException: JsonException { LineNumber: 0, BytePositionInLine: 0 } } => new(content.CallId, content.Name, None), // Some models leave "{}" out.
        { Exception: { } e } => new(content.CallId, content.Name, None, e.InnerException?.Message ?? e.Message),
        { Arguments: { } arguments } => new(content.CallId, content.Name,
            JsonSerializer.SerializeToElement(arguments, AIJsonUtilities.DefaultOptions.GetTypeInfo(typeof(IDictionary<string, object?>)))),
        _ => new(content.CallId, content.Name, None),
    };

    /// <summary>The call as a model reads it.</summary>
    public FunctionCallContent ToContent() =>
        new(Id, Name, Arguments.EnumerateObject().ToDictionary(argument => argument.Name, argument => (object?)argument.Value));
}

/// <summary>What a tool answered.</summary>
/// <param name="Id">The call.</param>
/// <param name="Output">The answer.</param>
/// <param name="Error">Whether it is a refusal.</param>
/// <param name="Elided">Set where the answer is left out and <paramref name="Output"/> a note in its place: tells answers that were the same.</param>
internal sealed record ToolResult(string Id, string Output, bool Error, string? Elided = null);
