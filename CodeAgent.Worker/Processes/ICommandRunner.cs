namespace CodeAgent.Worker.Processes;

/// <summary>Runs shell commands of agents and checks, and leaves no process of theirs behind.</summary>
internal interface ICommandRunner
{
    /// <summary>Runs the command to its end and then ends whatever it left running. The whole process tree ends when its time is up or <paramref name="cancellationToken"/> says so.</summary>
    /// <exception cref="OperationCanceledException">It was canceled; the tree is gone.</exception>
    Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken);
}

/// <summary>A shell command.</summary>
internal sealed record CommandLine
{
    /// <summary>What <c>/bin/sh -c</c> is given (<c>bash</c> where there is one).</summary>
    public required string Script { get; init; }

    /// <summary>Working directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The task; marks the processes, so that they are found wherever they hide.</summary>
    public required Guid TaskId { get; init; }

    /// <summary>How long it may take.</summary>
    public required TimeSpan TimeLimit { get; init; }

    /// <summary>Longest <see cref="CommandResult.Output"/>, in characters; what is cut, is cut out of the middle.</summary>
    public int OutputLimit { get; init; } = 16_000;

    /// <summary>Variables that it gets besides those that all commands get.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>
    /// Gets its standard input and its standard output once it is started, for a program that is spoken with: then only its
    /// standard error is its output. Who gets the streams disposes them.
    /// </summary>
    public Action<Stream, Stream>? OnStarted { get; init; }

    /// <summary>Gets the output as it comes, in pieces of bounded size.</summary>
    public Func<string, CancellationToken, ValueTask>? OnOutput { get; init; }
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; 124 where its time ran out.</param>
/// <param name="Output">What it printed, both streams together as they came, cut in the middle with a note of how much.</param>
/// <param name="TimedOut">Whether its time ran out.</param>
/// <param name="Took">How long it ran.</param>
internal sealed record CommandResult(int ExitCode, string Output, bool TimedOut, TimeSpan Took);
