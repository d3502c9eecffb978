using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Tools;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What a CLI says happened, in words that are the same for all of them.</summary>
internal abstract record CliEvent
{
    /// <summary>The session has a name, by which it can be gone on with.</summary>
    public sealed record Session(string Id) : CliEvent;

    /// <summary>A turn begins, by those that tell.</summary>
    public sealed record Turn : CliEvent;

    /// <summary>The agent says something.</summary>
    /// <param name="Text">What.</param>
    /// <param name="IsPiece">Whether more of the same message may follow.</param>
    public sealed record Message(string Text, bool IsPiece = false) : CliEvent;

    /// <summary>The agent thinks.</summary>
    public sealed record Reasoning(string Text) : CliEvent;

    /// <summary>A tool is called.</summary>
    public sealed record Called(string Id, string Name, JsonElement Arguments) : CliEvent;

    /// <summary>A tool answered.</summary>
    public sealed record Answered(string Id, string Output, bool Error) : CliEvent;

    /// <summary>A file differs.</summary>
    /// <param name="Path">As the CLI has it.</param>
    /// <param name="Kind">One of <see cref="FileChange"/>.</param>
    public sealed record Changed(string Path, string Kind) : CliEvent;

    /// <summary>The plan as it stands.</summary>
    public sealed record Planned(IReadOnlyList<PlanItem> Items) : CliEvent;

    /// <summary>Tokens were used.</summary>
    /// <param name="Model">Who answered; none where it is not told.</param>
    /// <param name="Usage">How many.</param>
    /// <param name="Count">What they are the count of.</param>
    public sealed record Used(string? Model, Usage Usage, UsageOf Count) : CliEvent;

    /// <summary>The model failed and is asked again.</summary>
    /// <param name="Status">The status that it failed with; none where it is not told.</param>
    /// <param name="Reason">For people.</param>
    public sealed record Retrying(int? Status, string Reason) : CliEvent;

    /// <summary>Something went wrong, which need not be the end.</summary>
    /// <param name="Status">The status of the model call that failed; none where it is not told, or was none.</param>
    /// <param name="Reason">For people.</param>
    public sealed record Failed(int? Status, string Reason) : CliEvent;

    /// <summary>By its own word the CLI is done. More may follow from one that goes on all the same.</summary>
    /// <param name="Error">Whether it says that it failed.</param>
    /// <param name="Kind">The kind of end, in its own word.</param>
    /// <param name="Text">What it says at the end; none where that was said before.</param>
    /// <param name="IsSure">Whether it is not known to go on after that.</param>
    public sealed record Ended(bool Error, string? Kind = null, string? Text = null, bool IsSure = true) : CliEvent;
}

/// <summary>What a count of tokens counts.</summary>
internal enum UsageOf
{
    /// <summary>One turn.</summary>
    Turn,

    /// <summary>This start of the CLI, whatever was told before.</summary>
    Start,

    /// <summary>The whole session, earlier starts included.</summary>
    Session,
}
