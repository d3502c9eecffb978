using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.Worker.Agents.Builtin.Context;
using CodeAgent.Worker.Agents.Builtin.Mcp;

namespace CodeAgent.Worker.Agents.Builtin.Conversations;

/// <summary>
/// What was said so far: the agent's whole state. The next request is made from this and the task alone, whether it was
/// just lived through or read back on another machine, so that both give the same bytes.
/// </summary>
internal sealed class Conversation
{
    /// <summary>The form that this is stored in.</summary>
    public const int CurrentVersion = 1;

    /// <summary>The form that it was stored in.</summary>
    public int Version { get; init; } = CurrentVersion;

    /// <summary>Everything after the system prompt, in order.</summary>
    public List<Entry> Entries { get; init; } = [];

    /// <summary>What the repository tells agents, as it was at the beginning; none where it tells nothing.</summary>
    public string? Instructions { get; set; }

    /// <summary>The MCP servers and their tools, as they were at the beginning: they are part of each request. None where none is configured.</summary>
    public IReadOnlyList<ServerTools>? Servers { get; set; }

    /// <summary>What was decided about its length; none before the first turn.</summary>
    public ContextState? Context { get; set; }

    /// <summary>The agent's last word, where it is done.</summary>
    public string? Summary { get; set; }

    /// <summary>Its verdict, where it gave one with it.</summary>
    public AgentVerdict? Verdict { get; set; }

    /// <summary>The reasons of the verdict.</summary>
    public IReadOnlyList<string> Reasons { get; set; } = [];

    /// <summary>The call that waits for a person; none where none does.</summary>
    public PendingCall? Pending { get; set; }

    /// <summary>A conversation that begins with the task.</summary>
    public static Conversation Begin(string prompt)
    {
        var conversation = new Conversation();
        conversation.Say(prompt);
        return conversation;
    }

    /// <summary>Reads back what <see cref="ToState"/> gave.</summary>
    /// <exception cref="JsonException">It is something else.</exception>
    public static Conversation FromState(JsonElement state)
    {
        var conversation = state.Deserialize(ConversationJson.Default.Conversation) ?? throw new JsonException("The state is null.");
        if (conversation.Version != CurrentVersion)
        {
            throw new JsonException($"The state has version {conversation.Version}; this agent reads version {CurrentVersion}.");
        }

        conversation.AnswerDanglingCalls();
        return conversation;
    }

    /// <summary>This, for a checkpoint.</summary>
    public JsonElement ToState() => JsonSerializer.SerializeToElement(this, ConversationJson.Default.Conversation);

    /// <summary>Adds a message of a person.</summary>
    public void Say(string text) => Entries.Add(new() { Role = EntryRole.User, Text = text });

    /// <summary>Adds a message of the agent to its model.</summary>
    public void Note(NoteKind kind, string text) => Entries.Add(new() { Role = EntryRole.User, Text = text, Note = kind });

    /// <summary>The calls with their results, oldest first.</summary>
    public IEnumerable<(ToolCall Call, ToolResult Result)> Steps()
    {
        var open = new Dictionary<string, ToolCall>();
        foreach (var entry in Entries)
        {
            foreach (var call in entry.Calls)
            {
                open[call.Id] = call;
            }

            foreach (var result in entry.Results)
            {
                yield return (open[result.Id], result);
            }
        }
    }

    // Providers refuse a conversation with a call that has no result, and every later turn with it.
    private void AnswerDanglingCalls()
    {
        for (var i = 0; i < Entries.Count; i++)
        {
            var answered = i + 1 < Entries.Count ? Entries[i + 1].Results : [];
            var dangling = Entries[i].Calls.Where(call => answered.All(result => result.Id != call.Id))
                .Select(call => new ToolResult(call.Id, "The worker was lost while this ran; whether it had an effect is not known.", Error: true))
                .ToList();
            if (dangling.Count == 0 || i == Pending?.Entry)
            {
                continue;
            }

            var results = new Entry { Role = EntryRole.Tool, Results = [.. answered, .. dangling] };
            if (answered.Count > 0)
            {
                Entries[i + 1] = results;
            }
            else
            {
                Entries.Insert(i + 1, results);
            }
        }
    }
}

/// <summary>One message.</summary>
internal sealed record Entry
{
    /// <summary>Whose it is.</summary>
    public required EntryRole Role { get; init; }

    /// <summary>What it says.</summary>
    public string Text { get; set; } = "";

    /// <summary>What the model thought before it.</summary>
    public string? Reasoning { get; set; }

    /// <summary>The tools that it calls.</summary>
    public IReadOnlyList<ToolCall> Calls { get; set; } = [];

    /// <summary>What the tools answered.</summary>
    public IReadOnlyList<ToolResult> Results { get; set; } = [];

    /// <summary>Set where the agent itself speaks to its model.</summary>
    public NoteKind? Note { get; set; }

    /// <summary>What this message stands for, where that is turns which are left out.</summary>
    public LeftOutTurns? LeftOut { get; set; }
}

/// <summary>Turns that are left out.</summary>
/// <param name="Summary">The model's summary of them; none where there is none.</param>
/// <param name="Plan">The plan as it stood after them; none where there was none.</param>
internal sealed record LeftOutTurns(string? Summary, string? Plan);

/// <summary>Whose message it is.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<EntryRole>))]
internal enum EntryRole
{
    User,
    Assistant,
    Tool,
}

/// <summary>What the agent itself speaks to its model about.</summary>
[JsonConverter(typeof(JsonStringEnumConverter<NoteKind>))]
internal enum NoteKind
{
    /// <summary>It does the same over and over.</summary>
    Circles,

    /// <summary>Its message was empty, or cut at its longest.</summary>
    Unusable,

    /// <summary>Older turns are left out in this place.</summary>
    LeftOut,
}

[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(Conversation))]
internal sealed partial class ConversationJson : JsonSerializerContext;
