using System.Text.Json;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>One answer of a script.</summary>
internal sealed record Step
{
    /// <summary>The text of the answer.</summary>
    public string? Say { get; init; }

    /// <summary>What is thought before it.</summary>
    public string? Think { get; init; }

    /// <summary>The tools that are called.</summary>
    public IReadOnlyList<ToolCall> Calls { get; init; } = [];

    /// <summary>The status to fail with, 400 to 599.</summary>
    public int? Fail { get; init; }

    /// <summary>Seconds to name in <c>Retry-After</c> of a failure.</summary>
    public double? RetryAfter { get; init; }

    /// <summary>How long the answer takes in all.</summary>
    public TimeSpan Wait { get; init; }

    /// <summary>What is reported as used, in OpenAI's form; estimated where there is none.</summary>
    public JsonElement? Usage { get; init; }
}

/// <summary>A call of a tool.</summary>
/// <param name="Name">The tool.</param>
/// <param name="Arguments">Its arguments, as JSON.</param>
internal sealed record ToolCall(string Name, string Arguments);
