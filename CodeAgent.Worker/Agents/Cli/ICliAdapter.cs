using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What is particular about one coding CLI: how it is started, what its output means, and when it has failed.</summary>
internal interface ICliAdapter
{
    /// <summary>One of <see cref="AgentNames"/>.</summary>
    string Name { get; }

    /// <summary>The program, as it is called on the PATH.</summary>
    string Command { get; }

    /// <summary>What whoever reads the result should know about this agent; none where there is nothing.</summary>
    string? Note => null;

    /// <summary>Whether it tells which tools it uses, and what the model says apart from what it says itself.</summary>
    bool TellsTools => true;

    /// <summary>Whether its model calls go through the gateway.</summary>
    bool UsesGateway => true;

    /// <summary>How long it may print nothing before it counts as hung, where the configuration says nothing about that.</summary>
    TimeSpan Silence => TimeSpan.FromMinutes(10);

    /// <summary>The folder below its home with which it goes on from a session elsewhere; none where it cannot.</summary>
    /// <param name="workspace">Where it works.</param>
    string? SessionFolder(string workspace);

    /// <summary>Arguments, environment and files of one start.</summary>
    CliStart Start(CliTurn turn);

    /// <summary>What reads the output of one start.</summary>
    ICliEvents Events();

    /// <summary>Why a start that ended has failed; none where it has not.</summary>
    TaskFailure? Judge(CliOutcome outcome);
}

/// <summary>Turns the output of one start into events.</summary>
internal interface ICliEvents
{
    /// <summary>Reads a line. What is not known means nothing.</summary>
    IEnumerable<CliEvent> Read(CliLine line);
}

/// <summary>What a CLI is started for.</summary>
internal sealed record CliTurn
{
    /// <summary>What it is told.</summary>
    public required string Prompt { get; init; }

    /// <summary>The model, as the gateway names it.</summary>
    public required string Model { get; init; }

    /// <summary>Tokens that the model takes at once, its answer included; none where that is not known.</summary>
    public int? ContextWindow { get; init; }

    /// <summary>The gateway's root, without a slash at the end.</summary>
    public required string Gateway { get; init; }

    /// <summary>The key for it.</summary>
    public required string Key { get; init; }

    /// <summary>Where it works.</summary>
    public required string Workspace { get; init; }

    /// <summary>Its home.</summary>
    public required string Home { get; init; }

    /// <summary>The session to go on with; none for a fresh one.</summary>
    public string? Session { get; init; }

    /// <summary>What a fresh session is to be called, by those that let it be chosen.</summary>
    public required Guid NewSession { get; init; }

    /// <summary>Turns that are left.</summary>
    public required int TurnsLeft { get; init; }
}

/// <summary>How a CLI is started.</summary>
internal sealed record CliStart
{
    /// <summary>Its arguments.</summary>
    public required IReadOnlyList<string> Arguments { get; init; }

    /// <summary>Its environment, besides what every command has.</summary>
    public IReadOnlyDictionary<string, string> Environment { get; init; } = new Dictionary<string, string>();

    /// <summary>Files below its home, by path.</summary>
    public IReadOnlyDictionary<string, string> Files { get; init; } = new Dictionary<string, string>();

    /// <summary>What it reads on its standard input, which ends there.</summary>
    public string Input { get; init; } = "";
}
