using System.Text.Json;
using System.Text.Json.Serialization;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Idempotency;

/// <summary>An answer as it is kept: its body is beside it, and a refusal is kept by what it says, so that each repetition has its own correlation ID.</summary>
internal sealed record RecordedAnswer
{
    private static readonly string[] KeptHeaders = ["Content-Type", "Location", "Cache-Control"];

    /// <summary>The status.</summary>
    public required int Status { get; init; }

    /// <summary>Those of its headers that say something of the answer.</summary>
    public Dictionary<string, string>? Headers { get; init; }

    /// <summary>The type of the problem, where it is one.</summary>
    public string? Problem { get; init; }

    /// <summary>What the problem says.</summary>
    public string? Detail { get; init; }

    /// <summary>The field that the problem is about.</summary>
    public string? Field { get; init; }

    public static RecordedAnswer Of(HttpResponse response) => new()
    {
        Status = response.StatusCode,
        Headers = KeptHeaders.Where(response.Headers.ContainsKey).ToDictionary(name => name, name => response.Headers[name].ToString()),
    };

    public static RecordedAnswer Of(ProblemException problem) =>
        new() { Status = problem.Status, Problem = problem.Type, Detail = problem.Message, Field = problem.Field };

    /// <exception cref="ProblemException">The answer is a refusal.</exception>
    public void ThrowIfProblem()
    {
        if (Problem is not null)
        {
            throw new ProblemException(Problem, Status, Detail ?? "") { Field = Field };
        }
    }
}

/// <summary>The JSON of recorded answers.</summary>
[JsonSourceGenerationOptions(JsonSerializerDefaults.Web, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(RecordedAnswer))]
internal sealed partial class IdempotencyJson : JsonSerializerContext;
