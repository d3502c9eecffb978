using System.Text.Json.Serialization;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Callbacks;

/// <summary>The body of a callback, in the form that Standard Webhooks recommends.</summary>
/// <param name="Type">What has happened, as the task's events name it: <c>task.awaiting_input</c>, <c>task.succeeded</c>, <c>task.failed</c> or <c>task.canceled</c>.</param>
/// <param name="Timestamp">When it happened.</param>
/// <param name="Data">The task as it was then.</param>
internal sealed record CallbackPayload(string Type, DateTimeOffset Timestamp, CallbackTask Data);

/// <summary>What a callback says of the task; the fields are those of <see cref="TaskView"/>, and <c>GET /v1/tasks/{id}</c> has the rest.</summary>
internal sealed record CallbackTask
{
    public required Guid Id { get; init; }

    public required TaskStatus Status { get; init; }

    public required DateTimeOffset CreatedAt { get; init; }

    public DateTimeOffset? FinishedAt { get; init; }

    public required string CorrelationId { get; init; }

    public required IReadOnlyDictionary<string, string> Labels { get; init; }

    public Question? Question { get; init; }

    public TaskFailure? Failure { get; init; }

    /// <summary>Its first 10,000 characters.</summary>
    public string? Summary { get; init; }

    public Delivery? Delivery { get; init; }

    public required Usage Usage { get; init; }

    public required long LastEvent { get; init; }
}

/// <summary>One attempt to deliver a callback.</summary>
/// <param name="Callback">The callback: its <c>webhook-id</c>.</param>
/// <param name="Type">What it tells of.</param>
/// <param name="Attempt">1 for the first.</param>
/// <param name="At">When it began.</param>
/// <param name="DurationMs">How long it took, in milliseconds.</param>
/// <param name="Outcome">One of <see cref="CallbackOutcomes"/>.</param>
internal sealed record CallbackAttempt(string Callback, string Type, int Attempt, DateTimeOffset At, long DurationMs, string Outcome)
{
    /// <summary>The status that was answered; none where there was no answer.</summary>
    public int? Status { get; init; }

    /// <summary>Why there was no answer.</summary>
    public string? Error { get; init; }

    /// <summary>When the next attempt is due.</summary>
    public DateTimeOffset? NextAt { get; init; }
}

/// <summary>What came of an attempt.</summary>
internal static class CallbackOutcomes
{
    /// <summary>The receiver has it: any 2xx.</summary>
    public const string Delivered = "delivered";

    /// <summary>It is tried again.</summary>
    public const string Failed = "failed";

    /// <summary>The receiver wants no more: 410.</summary>
    public const string Gone = "gone";

    /// <summary>It is tried no more.</summary>
    public const string GivenUp = "given_up";
}

/// <summary>The JSON of callbacks, by the rules of <see cref="ContractsJson"/>.</summary>
[JsonSourceGenerationOptions(System.Text.Json.JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(CallbackPayload))]
[JsonSerializable(typeof(CallbackAttempt))]
[JsonSerializable(typeof(Page<CallbackAttempt>))]
internal sealed partial class CallbacksJson : JsonSerializerContext;
