using System.Collections.Concurrent;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

/// <summary>Keeps what an agent reports.</summary>
internal sealed class TestSession : IAgentSession
{
    private readonly ConcurrentQueue<(string Type, JsonElement Data)> _events = new();

    public DateTimeOffset Deadline { get; set; } = TimeProvider.System.GetUtcNow().AddHours(1);

    public List<FollowUp> Messages { get; } = [];

    public List<SavedTurn> Saved { get; } = [];

    /// <summary>Called at each checkpoint.</summary>
    public Action<SavedTurn> OnCheckpoint { get; set; } = _ => { };

    public IReadOnlyList<JsonElement> Events(string type) => [.. _events.Where(e => e.Type == type).Select(e => e.Data)];

    public IReadOnlyList<(string Type, JsonElement Data)> All => [.. _events];

    public IReadOnlyList<string> EventTypes => [.. _events.Select(e => e.Type)];

    public ValueTask ReportAsync(string type, object data, CancellationToken cancellationToken)
    {
        _events.Enqueue((type, JsonSerializer.SerializeToElement(data, JsonSerializerOptions.Web)));
        return ValueTask.CompletedTask;
    }

    public List<string> Notes { get; } = [];

    public Task NoteAsync(string note, CancellationToken cancellationToken)
    {
        Notes.Add(note);
        return Task.CompletedTask;
    }

    public Task CheckpointAsync(int turn, JsonElement state, int messagesSeen, Usage usage, CancellationToken cancellationToken)
    {
        // As it comes back after a crash: through its text, which puts an end to anything that lives in memory alone.
        var saved = new SavedTurn(turn, JsonElement.Parse(state.GetRawText()), messagesSeen, usage);
        Saved.Add(saved);
        OnCheckpoint(saved);
        return Task.CompletedTask;
    }

    public IReadOnlyList<FollowUp> MessagesAfter(int after) => [.. Messages.Where(message => message.Number > after)];
}

internal sealed record SavedTurn(int Turn, JsonElement State, int MessagesSeen, Usage Usage);
