using System.ComponentModel;
using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Conversations;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Asks a person. The call is not carried out like others: the work stops before it, and the answer is its result.</summary>
internal static class AskTool
{
    public const string Name = "ask";
    private const int LongestQuestion = 10_000;
    private const int MostChoices = 20;
    private const int LongestChoice = 500;

    [Description("Asks the person who gave the task, and answers what they say. The work stands still until then, which can take days.")]
    public static string Ask(
        [Description("The question, with all that is needed to answer it: the person sees nothing else of your work.")] string question,
        [Description("Answers to choose from, where there are such. Any other can be given too.")] IReadOnlyList<string>? choices = null) =>
        throw new ToolException(Problem(question, choices ?? []) ?? "The question cannot be asked now.");

    /// <summary>What a call asks; none where it does not ask, or wrongly.</summary>
    public static Question? Of(ToolCall call, string id)
    {
        var text = call.Arguments.GetProperty("question").GetString()!;
        IReadOnlyList<string> choices = call.Arguments.TryGetProperty("choices", out var given) && given.ValueKind == JsonValueKind.Array
            ? [.. given.EnumerateArray().Select(choice => choice.GetString()!)]
            : [];
        return Problem(text, choices) is null ? new() { Id = id, Text = text, Choices = choices } : null;
    }

    private static string? Problem(string question, IReadOnlyList<string> choices) =>
        string.IsNullOrWhiteSpace(question) || question.Length > LongestQuestion ? $"A question has 1 to {LongestQuestion:N0} characters, not all of them blank."
        : choices.Count > MostChoices || choices.Any(choice => choice.Length is 0 or > LongestChoice) ? $"There are at most {MostChoices} choices of 1 to {LongestChoice} characters."
        : null;
}
