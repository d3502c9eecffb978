namespace CodeAgent.Worker.Processes;

/// <summary>A command that runs. Disposing of it ends the whole of it.</summary>
internal interface IRunningCommand : IAsyncDisposable
{
    /// <summary>Its standard input; at its end when this is closed.</summary>
    Stream Input { get; }

    /// <summary>What it prints; for a script, on both of its streams. Ends when nothing of the command is left.</summary>
    Stream Output { get; }

    /// <summary>What a program says on its other stream; empty for a script. Whoever does not read it must throw it away, or the program waits.</summary>
    Stream Errors { get; }

    /// <summary>Its exit code, when it has ended by itself or was ended. Never fails. What it left running may still run.</summary>
    Task<int> Exited { get; }

    /// <summary>The limit that it ran into, in words; none where it ran into none. Known when all of it has ended.</summary>
    string? Limit { get; }

    /// <summary>Ends whatever is left of it: asks first where <paramref name="politely"/>, then kills.</summary>
    Task EndAsync(bool politely);
}

/// <summary>A command could not be started.</summary>
/// <param name="message">Why, for whoever wanted it.</param>
internal sealed class CommandNotStartedException(string message) : Exception(message);
