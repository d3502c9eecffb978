using System.Text.Json;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>A line that a CLI printed.</summary>
/// <param name="Text">The line, without its end.</param>
/// <param name="IsError">Whether it was printed to the stream for errors.</param>
internal sealed record CliLine(string Text, bool IsError = false)
{
    /// <summary>What it says; none where it is no JSON object.</summary>
    public JsonElement? Json { get; } = IsError ? null : Parse(Text);

    private static JsonElement? Parse(string text)
    {
        if (!text.AsSpan().TrimStart().StartsWith('{'))
        {
            return null;
        }

        try
        {
            return JsonElement.Parse(text);
        }
        catch (Exception e) when (e is JsonException or ArgumentException)
        {
            // A line that was cut off by the program's end, or half a character.
            return null;
        }
    }
}
