namespace CodeAgent.Worker.Agents.Cli;

/// <summary>How a start of a CLI ended, with what it said about that.</summary>
internal sealed record CliOutcome
{
    /// <summary>Its exit code; none where the worker ended it.</summary>
    public int? ExitCode { get; init; }

    /// <summary>Its last word, where that was that it is done.</summary>
    public CliEvent.Ended? End { get; init; }

    /// <summary>The last thing that it said went wrong.</summary>
    public CliEvent.Failed? Failure { get; init; }

    /// <summary>The last that the agent said.</summary>
    public string? LastMessage { get; init; }

    /// <summary>Whether it told of tokens that a model answered with.</summary>
    public bool ModelAnswered { get; init; }

    /// <summary>The end of what it printed to the stream for errors.</summary>
    public string Errors { get; init; } = "";

    /// <summary>The end of what it printed that is no event.</summary>
    public string Text { get; init; } = "";
}
