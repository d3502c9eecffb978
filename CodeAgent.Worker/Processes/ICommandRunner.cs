namespace CodeAgent.Worker.Processes;

/// <summary>Runs shell commands of agents and checks, and leaves no process of theirs behind.</summary>
internal interface ICommandRunner
{
    /// <summary>Runs the command to its end and then ends whatever it left running. The whole process tree ends when its time is up or <paramref name="cancellationToken"/> says so.</summary>
    /// <exception cref="OperationCanceledException">It was canceled; the tree is gone.</exception>
    Task<CommandResult> RunAsync(CommandLine command, CancellationToken cancellationToken);

    /// <summary>Starts the command, for whoever speaks with it: its limits of time and of output, and who listens to it, do not count here. Disposing of it ends the whole process tree.</summary>
    /// <exception cref="CommandNotStartedException">It could not be started.</exception>
    Task<IRunningCommand> StartAsync(CommandLine command, CancellationToken cancellationToken);
}

/// <summary>A command: a script or a program.</summary>
internal sealed record CommandLine
{
    /// <summary>What <c>/bin/sh -c</c> is given (<c>bash</c> where there is one), with both of its streams in one. None where <see cref="Program"/> is set.</summary>
    public string? Script { get; init; }

    /// <summary>A program and its arguments, started without a shell, with its two streams apart. None where <see cref="Script"/> is set.</summary>
    public IReadOnlyList<string>? Program { get; init; }

    /// <summary>Environment variables besides those that every command has, and in place of them where the names are the same.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Working directory.</summary>
    public required string Directory { get; init; }

    /// <summary>The task; marks the processes, so that they are found wherever they hide.</summary>
    public required Guid TaskId { get; init; }

    /// <summary>How long it may take.</summary>
    public required TimeSpan TimeLimit { get; init; }

    /// <summary>How long it may print nothing. No limit where there is none.</summary>
    public TimeSpan? SilenceLimit { get; init; }

    /// <summary>Longest <see cref="CommandResult.Output"/>, in characters; what is cut, is cut out of the middle.</summary>
    public int OutputLimit { get; init; } = 16_000;

    /// <summary>Gets the output as it comes, in pieces of bounded size.</summary>
    public Func<string, CancellationToken, ValueTask>? OnOutput { get; init; }

    /// <summary>The same for a program's other stream.</summary>
    public Func<string, CancellationToken, ValueTask>? OnErrors { get; init; }

    /// <summary>Ends the command, politely first, as if it had run to its own end.</summary>
    public CancellationToken Enough { get; init; }
}

/// <summary>How a command ended.</summary>
/// <param name="ExitCode">Its exit code; 124 where its time ran out.</param>
/// <param name="Output">What it printed, both streams together as they came, cut in the middle with a note of how much.</param>
/// <param name="TimedOut">Whether its time ran out.</param>
/// <param name="Took">How long it ran.</param>
internal sealed record CommandResult(int ExitCode, string Output, bool TimedOut, TimeSpan Took)
{
    /// <summary>What a program said on its other stream, cut like <see cref="Output"/>; empty for scripts, whose streams are one.</summary>
    public string Errors { get; init; } = "";

    /// <summary>Whether it was ended because it was silent for too long.</summary>
    public bool FellSilent { get; init; }

    /// <summary>Whether it was ended because <see cref="CommandLine.Enough"/> said so; its exit code says nothing then.</summary>
    public bool WasEnough { get; init; }

    /// <summary>The limit of the sandbox that it ran into (memory, processes, …), in words; also at the end of <see cref="Output"/>. None where it ran into none.</summary>
    public string? Limit { get; init; }
}
