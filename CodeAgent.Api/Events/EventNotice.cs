using System.Globalization;
using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Events;

/// <summary>An event as it is stored and sent.</summary>
/// <param name="Number">Its number.</param>
/// <param name="Type">Its type.</param>
/// <param name="Json">The whole event, <see cref="TaskEvent"/>, on one line.</param>
internal sealed record LoggedEvent(long Number, string Type, string Json)
{
    /// <summary>Whether the task ended with it, for now.</summary>
    public bool IsFinal => Type is EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskCanceled;

    public static LoggedEvent Of(TaskEvent e) => new(e.Number, e.Type, JsonSerializer.Serialize(e, ContractsJson.Default.TaskEvent));

    public static LoggedEvent Parse(string json)
    {
        var e = Read(json);
        return new(e.Number, e.Type, json);
    }

    public TaskEvent ToEvent() => Read(Json);

    private static TaskEvent Read(string json) => JsonSerializer.Deserialize(json, ContractsJson.Lenient.TaskEvent)!;
}

/// <summary>New events of a task, as the instances of the Api tell each other.</summary>
internal sealed record EventNotice(Guid Task, IReadOnlyList<LoggedEvent> Events)
{
    private const int IdLength = 36;

    public static EventNotice Of(Guid task, IReadOnlyList<TaskEvent> events) => new(task, [.. events.Select(LoggedEvent.Of)]);

    /// <summary>The task's id, a space, the first event's number, and each event on a line of its own: the task can be read without reading the rest.</summary>
    public string ToMessage() => string.Create(CultureInfo.InvariantCulture, $"{Task:D} {Events[0].Number}\n{string.Join('\n', Events.Select(e => e.Json))}");

    /// <summary>The task of a message.</summary>
    public static Guid TaskOf(string message) => Guid.ParseExact(message.AsSpan(0, IdLength), "D");

    public static EventNotice Parse(string message) => new(TaskOf(message), [.. message.Split('\n').Skip(1).Select(LoggedEvent.Parse)]);
}
