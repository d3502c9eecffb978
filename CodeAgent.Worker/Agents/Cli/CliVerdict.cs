using System.Globalization;
using System.Text.RegularExpressions;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What all the verdicts have in common: exit code 0 alone proves nothing, and neither does a last word.</summary>
internal static partial class CliVerdict
{
    private const int LongestReason = 2_000;

    /// <summary>No failure only where the CLI said that it is done, did not say that it failed, and exited with 0 or was ended after that.</summary>
    public static TaskFailure? Of(string name, CliOutcome outcome)
    {
        if (outcome is { End: { Error: false }, ExitCode: null or 0 })
        {
            return null;
        }

        return outcome.Failure is { } failure ? Model(failure.Status, failure.Reason)
            : outcome.End is { Error: true } end ? Agent($"{name} says that it failed{(end.Kind is { } kind ? $" ({kind})" : "")}.{Detail(end.Text ?? outcome.Errors)}")
            : Agent($"{name} ended {Exit(outcome)}{(outcome.End is null ? " without saying that it is done" : "")}.{Detail(outcome.Errors.Length > 0 ? outcome.Errors : outcome.Text)}");
    }

    /// <summary>The failure of a model call.</summary>
    /// <param name="status">The gateway's status; none where it is not known.</param>
    /// <param name="reason">What the gateway says, in whatever the CLI wraps it into.</param>
    public static TaskFailure Model(int? status, string reason)
    {
        var text = Cut(reason.Trim());
        status ??= Status().Match(text) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;
        return GatewayLimit().IsMatch(text) ? new(FailureCodes.LimitReached, text)
            : NoModel().IsMatch(text) ? new(FailureCodes.ModelNotFound, text)
            : new(FailureCodes.ModelFailed, $"The model call failed{(status is { } number ? $" ({number})" : "")}: {text}");
    }

    /// <summary>A status in what a CLI says about a failed call.</summary>
    public static int? StatusIn(string text) =>
        Status().Match(text) is { Success: true } match ? int.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) : null;

    /// <summary>Whether a status does not pass, however often the model is asked.</summary>
    public static bool Lasts(int? status) => status is 400 or 401 or 403 or 404;

    /// <summary>The failure of the CLI itself.</summary>
    public static TaskFailure Agent(string message) => new(FailureCodes.AgentFailed, message);

    private static string Exit(CliOutcome outcome) => outcome.ExitCode is { } code ? $"with exit code {code}" : "because the worker ended it";

    private static string Detail(string text) => text.Trim() is { Length: > 0 } said ? $" It said:\n{Cut(said)}" : "";

    private static string Cut(string text) => text.Length <= LongestReason ? text : "…" + text[^LongestReason..];

    // "The limit tokens of this task is reached: …", as the gateway refuses by its own limits.
    [GeneratedRegex(@"[Tt]he limit \S+ of (this \w+|the gateway)( is reached|:)")]
    private static partial Regex GatewayLimit();

    [GeneratedRegex(@"There is no model '|model_not_found")]
    private static partial Regex NoModel();

    [GeneratedRegex(@"(?:status(?:Code)?|Error|code)""?:? ?(\d{3})\b")]
    private static partial Regex Status();
}
