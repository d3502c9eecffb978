using System.Text;
using System.Text.Json;

namespace CodeAgent.LlmGateway.Protocols.Neutral;

/// <summary>The arguments of a call as a model gave them: JSON, if it came to its end and made no mistake.</summary>
internal static class ToolArguments
{
    /// <summary>Whether they are a whole JSON object, which is what most protocols can say at all.</summary>
    public static bool IsObject(string arguments)
    {
        try
        {
            using var json = JsonDocument.Parse(arguments, new() { MaxDepth = 512 });
            return json.RootElement.ValueKind == JsonValueKind.Object;
        }
        catch (JsonException)
        {
            return false;
        }
    }

    /// <summary>
    /// Which calls can be said where arguments must be an object. One that the limit of tokens cut off goes: the reason of the end
    /// tells of it. Another that is none makes the answer a failure.
    /// </summary>
    /// <param name="arguments">The arguments; empty for none.</param>
    /// <param name="name">The tool.</param>
    /// <param name="isCut">Whether the answer met its limit.</param>
    /// <param name="error">Why the answer is none.</param>
    /// <returns>The object; null where the call goes.</returns>
    public static string? Whole(StringBuilder arguments, string name, bool isCut, out GatewayError? error)
    {
        var text = arguments.ToString();
        text = string.IsNullOrWhiteSpace(text) ? "{}" : text;
        var isObject = IsObject(text);
        error = isObject || isCut ? null : Invalid(name);
        return isObject ? text : null;
    }

    public static GatewayError Invalid(string name) =>
        new(StatusCodes.Status502BadGateway, "invalid_tool_arguments", $"The provider's model called '{name}' with arguments that are no JSON object.");
}
