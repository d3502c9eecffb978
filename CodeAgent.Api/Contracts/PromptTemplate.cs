using System.Text.RegularExpressions;

namespace CodeAgent.Contracts;

/// <summary>
/// The prompt of a step with its placeholders: <c>{prompt}</c>, <c>{id}</c> and <c>{date}</c> of the task, <c>{checks}</c> of
/// the task, <c>{feedback}</c> (why an earlier step failed, or a later one went back), <c>{steps}</c> (what each step so far
/// says it did) and <c>{NAME}</c>, the summary of the step with that name. <c>{{</c> and <c>}}</c> stand for braces. What is
/// filled in is not looked at again.
/// </summary>
public static partial class PromptTemplate
{
    /// <summary>Placeholders that are no step's name.</summary>
    public static IReadOnlyList<string> Known { get; } = ["prompt", "id", "date", "checks", "feedback", "steps"];

    /// <summary>The placeholders in a template, as often as they are there.</summary>
    public static IEnumerable<string> Placeholders(string template) =>
        Part().Matches(template).Select(match => match.Groups["name"]).Where(name => name.Success).Select(name => name.Value);

    /// <summary>The prompt, with what each placeholder stands for.</summary>
    public static string Render(string template, Func<string, string> value) => Part().Replace(template, match =>
        match.Groups["name"] is { Success: true } name ? value(name.Value) : match.Value[..1]);

    [GeneratedRegex(@"\{\{|\}\}|\{(?<name>[^{}\s""':,]+)\}")]
    private static partial Regex Part();
}
