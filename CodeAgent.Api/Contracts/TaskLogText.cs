using System.Globalization;
using System.Text;
using System.Text.Json;

namespace CodeAgent.Contracts;

/// <summary>Events as lines of text: a task's log, as its worker stores it and as the Api shows it while the task runs.</summary>
public static class TaskLogText
{
    /// <summary>
    /// Adds the lines of an event:
    /// <code>
    ///     2026-01-31T12:00:00.000Z tool.call {"id":"1","name":"run","arguments":{"command":"ls"}}
    ///     2026-01-31T12:00:00.000Z output
    ///         whatever the program printed
    /// </code>
    /// </summary>
    public static void Append(StringBuilder text, DateTimeOffset at, string type, JsonElement data)
    {
        text.Append(CultureInfo.InvariantCulture, $"{at.UtcDateTime:yyyy-MM-dd'T'HH:mm:ss.fff'Z'} {type}");
        if (data.ValueKind == JsonValueKind.Object && data.TryGetProperty("text", out var only) && only.ValueKind == JsonValueKind.String)
        {
            text.Append('\n');
            foreach (var line in only.GetString()!.TrimEnd('\n').Split('\n'))
            {
                text.Append("    ").Append(line.TrimEnd('\r')).Append('\n');
            }
        }
        else
        {
            text.Append(' ').Append(data.GetRawText()).Append('\n');
        }
    }
}
