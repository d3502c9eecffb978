using System.Globalization;
using System.Text;
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

    /// <summary>As it is streamed: made once for all who watch.</summary>
    public byte[] Frame => field ??= EventStreamResult.Frame(Type, Json, Number);

    public bool Equals(LoggedEvent? other) => other is not null && (Number, Type, Json) == (other.Number, other.Type, other.Json);

    public override int GetHashCode() => HashCode.Combine(Number, Type, Json);

    public static LoggedEvent Of(TaskEvent e) => new(e.Number, e.Type, JsonSerializer.Serialize(e, ContractsJson.Default.TaskEvent));

    /// <summary>With what it says.</summary>
    public TaskEvent ToEvent() => JsonSerializer.Deserialize(Json, ContractsJson.Lenient.TaskEvent)!;

    /// <summary>An event as it was stored. What it says is not read: number and type stand before it.</summary>
    /// <exception cref="JsonException">It is none.</exception>
    public static LoggedEvent Parse(string json)
    {
        var (number, type) = (0L, (string?)null);
        var reader = new Utf8JsonReader(Encoding.UTF8.GetBytes(json));
        while ((number == 0 || type is null) && reader.Read())
        {
            if (reader.CurrentDepth != 1 || reader.TokenType != JsonTokenType.PropertyName)
            {
                continue;
            }

            var (isNumber, isType) = (reader.ValueTextEquals("number"), reader.ValueTextEquals("type"));
            reader.Skip();
            number = isNumber ? reader.GetInt64() : number;
            type = isType ? reader.GetString() : type;
        }

        return type is null || number == 0 ? throw new JsonException("An event has a number and a type.") : new(number, type, json);
    }
}

/// <summary>New events of a task, as the instances of the Api tell each other.</summary>
internal sealed record EventNotice(Guid Task, IReadOnlyList<LoggedEvent> Events)
{
    private const int IdLength = 36;

    /// <summary>Characters of the events, about what they take in memory.</summary>
    public int Length { get; } = Events.Sum(e => e.Json.Length);

    public static EventNotice Of(Guid task, IReadOnlyList<TaskEvent> events) => new(task, [.. events.Select(LoggedEvent.Of)]);

    /// <summary>The task's id, a space, the first event's number, and each event on a line of its own: the task can be read without reading the rest.</summary>
    public string ToMessage() => string.Create(CultureInfo.InvariantCulture, $"{Task:D} {Events[0].Number}\n{string.Join('\n', Events.Select(e => e.Json))}");

    /// <summary>The task of a message.</summary>
    public static Guid TaskOf(string message) => Guid.ParseExact(message.AsSpan(0, IdLength), "D");

    public static EventNotice Parse(string message) => new(TaskOf(message), [.. message.Split('\n').Skip(1).Select(LoggedEvent.Parse)]);
}
