
namespace CodeAgent.Worker.Processes;

/// <summary>
/// A command and whatever came of it: its descendants, its session, and every process that carries its mark in the
/// environment. The mark is what finds a child that left both its parent and its session.
/// </summary>
/// <param name="root">The process that was started; leader of its own session where <c>setsid</c> is there.</param>
/// <param name="mark">The value of <see cref="Variable"/>, its own for each command.</param>
/// <param name="time">The clock.</param>
internal sealed class ProcessTree(ProcessEntry root, string mark, TimeProvider time)
{
    /// <summary>The environment variable that carries the mark.</summary>
    public const string Variable = "CODEAGENT_COMMAND";

    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(20);
    private static readonly TimeSpan Politeness = TimeSpan.FromMilliseconds(300);
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(1500);

    /// <summary>Ends all of it: asks first where <paramref name="politely"/>, then kills until nothing is found any more.</summary>
    /// <returns>How many are left: 0, unless some cannot be killed within 2 s.</returns>
    public async Task<int> EndAsync(bool politely)
    {
        if (politely)
        {
            foreach (var process in await LivingAsync())
            {
                Signals.Send(process.Id, Signals.Terminate);
            }

            await GoneAsync(Politeness, kill: false);
        }

        return await GoneAsync(Patience, kill: true);
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

    private async Task<IReadOnlyCollection<ProcessEntry>> LivingAsync()
    {
        // No process of the command can be older than the command.
        var table = (await ProcessTable.ListAsync(CancellationToken.None))
            .Where(process => process.Started >= root.Started && process.Id != Environment.ProcessId).ToList();
        var found = table.Where(process => process == root || process.Session == root.Id).ToDictionary(process => process.Id);
        foreach (var process in table)
        {
            if (!found.ContainsKey(process.Id) && await ProcessTable.VariableAsync(process.Id, Variable, CancellationToken.None) == mark)
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
}
