using System.Collections.Concurrent;

namespace CodeAgent.Worker.Processes;

/// <summary>
/// A command and whatever came of it: its descendants, its session, and every process that carries its mark in the
/// environment. The mark finds a child that left both its parent and its session; one that dropped the mark as well is found
/// as a child of the worker that nobody knows.
/// </summary>
/// <param name="root">The process that was started; leader of its own session where <c>setsid</c> is there.</param>
/// <param name="mark">The value of <see cref="Variable"/>, its own for each command.</param>
/// <param name="isContained">Whether the command is in a process namespace of its own. Those around it are not asked to end: when they do, all of it is killed.</param>
/// <param name="time">The clock.</param>
internal sealed class ProcessTree(ProcessEntry root, string mark, bool isContained, TimeProvider time)
{
    /// <summary>The environment variable that carries the mark.</summary>
    public const string Variable = "CODEAGENT_COMMAND";

    private static readonly ConcurrentDictionary<ProcessEntry, bool> Running = new();
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Politeness = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1500);

    /// <summary>Says that the command runs now.</summary>
    public void Begin() => Running[root] = true;

    /// <summary>Ends all of it: asks first where <paramref name="politely"/>, then kills until nothing is found any more.</summary>
    /// <returns>How many are left: 0, unless some cannot be killed within 2 s.</returns>
    public async Task<int> EndAsync(bool politely)
    {
        Running.TryRemove(root, out _);
        if (politely)
        {
            foreach (var process in await LivingAsync())
            {
                if (!isContained || await ProcessTable.IsContainedAsync(process.Id, CancellationToken.None))
                {
                    Signals.Send(process.Id, Signals.Terminate);
                }
            }

            await GoneAsync(Politeness, kill: false);
        }

        return await GoneAsync(Patience, kill: true);
    }

    /// <summary>Those that live.</summary>
    public async Task<IReadOnlyCollection<ProcessEntry>> LivingAsync()
    {
        // No process of the command can be older than the command.
        var all = await ProcessTable.ListAsync(CancellationToken.None);
        var session = all.FirstOrDefault(process => process.Id == Environment.ProcessId).Session;
        var table = all.Where(process => !process.Ended && process.Started >= root.Started && process.Id != Environment.ProcessId).ToList();
        var found = table.Where(process => process.Id == root.Id || process.Session == root.Id).ToDictionary(process => process.Id);
        foreach (var process in table.Where(process => !found.ContainsKey(process.Id)))
        {
            if (await ProcessTable.VariableAsync(process.Id, Variable, CancellationToken.None) == mark
                || (process.Parent == Environment.ProcessId && process.Session != session && await IsStrayAsync(process)))
            {
                found.Add(process.Id, process);
            }
        }

        var grew = true;
        while (grew)
        {
            grew = false;
            foreach (var process in table)
            {
                grew |= found.ContainsKey(process.Parent) && found.TryAdd(process.Id, process);
            }
        }

        return found.Values;
    }

    private async Task<int> GoneAsync(TimeSpan limit, bool kill)
    {
        var start = time.GetTimestamp();
        while (true)
        {
            var living = await LivingAsync();
            if (living.Count == 0 || time.GetElapsedTime(start) > limit)
            {
                return living.Count;
            }

            foreach (var process in kill ? living : [])
            {
                Signals.Send(process.Id, Signals.Kill);
            }

            await Task.Delay(Interval, time);
        }
    }

    // Without any mark of the worker, so it comes from some command and has hidden. While another command runs that it can be
    // from as well, it is left to that one's end.
    private static async Task<bool> IsStrayAsync(ProcessEntry process) =>
        !Running.Keys.Any(other => other.Started <= process.Started)
        && await ProcessTable.VariableAsync(process.Id, WorkerMark.Variable, CancellationToken.None) is null;
}
