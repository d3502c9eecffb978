namespace CodeAgent.Contracts;

/// <summary>What a task waits for, that only a person can say.</summary>
public sealed record Question
{
    /// <summary>Names it, unique in the task; an answer may name it, so that it answers this one and no later one. 1 to 100 characters.</summary>
    public required string Id { get; init; }

    /// <summary>What is asked. 1 to 10,000 characters.</summary>
    public required string Text { get; init; }

    /// <summary>Answers to choose from; any other is an answer too. At most 20 of 500 characters each.</summary>
    public IReadOnlyList<string> Choices { get; set; } = [];

    /// <summary>What is to be approved or denied, where it asks for that.</summary>
    public Approval? Approval { get; set; }

    /// <summary>When it was asked. Set by the Api.</summary>
    public DateTimeOffset? AskedAt { get; set; }

    /// <summary>The task fails if there is no answer by then. Set by the Api.</summary>
    public DateTimeOffset? ExpiresAt { get; set; }
}

/// <summary>A call of a tool that is carried out only if a person approves it.</summary>
/// <param name="Tool">The tool.</param>
/// <param name="Argument">What it would be called with: the command, the path. 10,000 characters at most.</param>
/// <param name="Rule">The rule that asks.</param>
public sealed record Approval(string Tool, string Argument, string Rule);

/// <summary>What a person decides about an <see cref="Approval"/>.</summary>
[System.Text.Json.Serialization.JsonConverter(typeof(ApprovalDecisionConverter))]
public enum ApprovalDecision
{
    /// <summary>The call is carried out.</summary>
    Approve,

    /// <summary>It is not, and the agent is told so.</summary>
    Deny,
}

/// <summary>Writes decisions in lower case.</summary>
public sealed class ApprovalDecisionConverter()
    : System.Text.Json.Serialization.JsonStringEnumConverter<ApprovalDecision>(System.Text.Json.JsonNamingPolicy.SnakeCaseLower, allowIntegerValues: false);

/// <summary>What a message answers.</summary>
/// <param name="Question"><see cref="Contracts.Question.Id"/> of the question.</param>
/// <param name="Asked">What was asked.</param>
/// <param name="Decision">What was decided, where it was about an approval.</param>
public sealed record Answer(string Question, string Asked, ApprovalDecision? Decision = null);
