using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Processes;

/// <summary>A command about to be started; what puts it into a sandbox changes it.</summary>
/// <param name="command">What was asked for.</param>
/// <param name="folder">The folder of its lease.</param>
/// <param name="environment">All of its environment.</param>
internal sealed class Launch(CommandLine command, TaskFolder folder, Dictionary<string, string?> environment)
{
    private readonly List<Func<ValueTask<string?>>> _ended = [];
    private readonly List<Func<IReadOnlyCollection<ProcessEntry>, ValueTask<string?>>> _watches = [];

    /// <summary>What was asked for.</summary>
    public CommandLine Command => command;

    /// <summary>The folder of its lease.</summary>
    public TaskFolder Folder => folder;

    /// <summary>All of its environment.</summary>
    public Dictionary<string, string?> Environment => environment;

    /// <summary>The program and its arguments.</summary>
    public required IReadOnlyList<string> Line { get; set; }

    /// <summary>What the shell around it does before, in words of <c>sh</c>.</summary>
    public string Before { get; set; } = "";

    /// <summary>Whether its processes are in a process namespace of their own. Then the shell around it stays: what keeps the namespace ends with its parent.</summary>
    public bool IsContained { get; set; }

    /// <summary>Does this when all of the command is gone. What it returns is the limit that the command ran into, if any.</summary>
    public void WhenEnded(Func<ValueTask<string?>> ended) => _ended.Add(ended);

    /// <summary>Looks at the command's processes while it runs, about twice a second. What it returns is a limit that they are beyond: then the command is ended.</summary>
    public void Watch(Func<IReadOnlyCollection<ProcessEntry>, ValueTask<string?>> watch) => _watches.Add(watch);

    /// <summary>Whether anything looks.</summary>
    public bool IsWatched => _watches.Count > 0;

    /// <summary>Has them look once.</summary>
    public async ValueTask<string?> LookAsync(IReadOnlyCollection<ProcessEntry> processes)
    {
        foreach (var watch in _watches)
        {
            if (await watch(processes) is { } limit)
            {
                return limit;
            }
        }

        return null;
    }

    /// <summary>All of the command is gone.</summary>
    public async ValueTask<string?> EndedAsync()
    {
        string? limit = null;
        foreach (var ended in _ended)
        {
            limit = await ended() ?? limit;
        }

        return limit;
    }
}
