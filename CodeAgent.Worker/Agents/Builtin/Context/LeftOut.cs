using System.Text.Json;
using CodeAgent.Worker.Agents.Builtin.Conversations;

namespace CodeAgent.Worker.Agents.Builtin.Context;

/// <summary>What stands in the place of turns that are left out: what people said, word for word, a summary, and the plan.</summary>
internal static class LeftOut
{
    private const int LongestKept = 4_000;

    /// <summary>What the model is asked for the summary with.</summary>
    public const string Request = """
        The conversation is becoming too long. Everything since the task is about to be replaced by what you write now; only the
        newest turns stay. Write what you need to go on without it: what was found out (files, names, line numbers, commands and
        how they ended), what was changed and why, what failed and must not be tried again, what the user said, and what is left
        to do. Text only: don't call a tool, don't go on with the work.
        """;

    /// <summary>Whether a message is a person's, and so stays.</summary>
    public static bool Stays(Entry entry) => entry is { Role: EntryRole.User, Note: null };

    /// <summary>A person's message, shortened where it is long.</summary>
    public static Entry Shortened(Entry entry) =>
        entry.Text.Length <= LongestKept ? entry : entry with { Text = Middle.Cut(entry.Text, LongestKept) };

    /// <summary>The message in place of the turns.</summary>
    /// <param name="summary">The model's summary of them; none where there is none.</param>
    /// <param name="turns">The turns.</param>
    public static Entry InPlaceOf(string? summary, IReadOnlyList<Entry> turns)
    {
        var text = string.IsNullOrWhiteSpace(summary)
            ? "[Older turns are left out here to make room.]"
            : $"[Older turns are left out here to make room. Your own summary of them:]\n\n{summary.Trim()}";
        var plan = Plan(turns);
        return new()
        {
            Role = EntryRole.User,
            Note = NoteKind.LeftOut,
            Text = plan is null ? text : $"{text}\n\n[The plan as it stood:]\n{plan}",
            LeftOut = new(summary, plan),
        };
    }

    // As the tool answered it; the answers are short, and stand here so that no other part has to keep it.
    private static string? Plan(IReadOnlyList<Entry> turns)
    {
        var call = turns.SelectMany(entry => entry.Calls).LastOrDefault(call => call.Name == "plan" && call.Arguments.TryGetProperty("items", out var items) && items.ValueKind == JsonValueKind.Array);
        return call is null
            ? turns.LastOrDefault(entry => entry.LeftOut is not null)?.LeftOut!.Plan
            : string.Join('\n', call.Arguments.GetProperty("items").EnumerateArray().Select(Item).OfType<string>()) is { Length: > 0 } plan ? plan : null;
    }

    private static string? Item(JsonElement item) =>
        item.ValueKind == JsonValueKind.Object && item.TryGetProperty("text", out var text) && text.ValueKind == JsonValueKind.String
            ? $"[{(item.TryGetProperty("done", out var done) && done.ValueKind == JsonValueKind.True ? 'x' : ' ')}] {text.GetString()}"
            : null;
}
