using CodeAgent.Testing.Books;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>Looks at the invariants: what Redis has against what was acknowledged to clients, workers and watchers.</summary>
internal sealed partial class SeedChecks(SweepSystem system, Journal journal, Tally tally)
{
    private readonly List<Violation> _found = [];

    /// <summary>Looks at everything while Redis is held still, before it is lost.</summary>
    public Task BeforeLossAsync() => LookAsync(over: null, isFinal: false, download: null);

    /// <summary>Looks at everything.</summary>
    /// <param name="over">From when on no lease was to open anything; null where tasks still run.</param>
    /// <param name="download">Gets a task's artifact, null where it has none; null where tasks still run.</param>
    /// <returns>All that was found, before a loss too.</returns>
    public async Task<IReadOnlyList<Violation>> RunAsync(long? over, Func<Guid, Task<byte[]?>>? download)
    {
        await LookAsync(over, isFinal: over is not null, download);
        Check(Invariants.NoError, journal.Writes.Count + journal.Accepted.Count, journal.Wrong);
        return _found;
    }

    private async Task LookAsync(long? over, bool isFinal, Func<Guid, Task<byte[]?>>? download)
    {
        // First what was acknowledged, then what is there.
        var accepted = journal.Accepted.Where(submission => journal.IsOfNow(submission.SentAt)).ToList();
        var writes = journal.Writes.ToList();
        var grants = journal.Grants.ToList();
        var watchers = accepted.Select(submission => journal.Watchers.GetValueOrDefault(submission.Id)).OfType<SweepWatcher>().Distinct().ToList();
        var seen = watchers.Select(watcher => (Watcher: watcher, watcher.Seen)).ToList();
        var (stories, books) = await system.WithRedisAsync(async client => (await TaskStory.ReadAsync(client), await TaskBooks.CheckAsync(client)));

        Check(Invariants.Balanced, 1, books);
        Check(Invariants.NothingLost, accepted.Count, accepted.Where(submission => !stories.ContainsKey(submission.Id)).Select(submission => $"{submission.Id} of {submission.Key} is not there"));
        Check(Invariants.OneTask, accepted.Count, Doubled(accepted, stories, isFinal));
        CheckOrder(stories.Values);
        Check(Invariants.EndsOnce, stories.Count, stories.Values.Where(story => story.Ends > 1 || (isFinal && story.Ends == 0)).Select(story => $"{story.Id} has ended {story.Ends} times: {story.Status}"));

        var now = writes.Where(write => write.IsAccepted && journal.IsOfNow(write.Grant.SentAt)).ToList();
        var mine = grants.Where(grant => journal.IsOfNow(grant.SentAt)).ToList();
        Check(Invariants.OneLease, mine.Count, mine.GroupBy(grant => (grant.Task, grant.Fence)).Where(same => same.Count() > 1)
            .Select(same => $"lease {same.Key.Fence} of {same.Key.Task} went to {string.Join(" and ", same.Select(grant => grant.Worker))}"));
        var stale = writes.Where(write => journal.IsOfNow(write.Grant.SentAt) && IsStale(write, mine, over)).ToList();
        Check(Invariants.Fenced, stale.Count, stale.Where(write => write.IsAccepted && !IsRepetition(write, stories)).Select(write => $"{Text(write)}, though the lease was over"));
        var lost = writes.Where(write => journal.IsLost(write.Grant.AnsweredAt) && write.SentAt > journal.BackAt).ToList();
        Check(Invariants.LostLease, lost.Count, lost.Where(write => write.IsAccepted).Select(Text));

        // A second loss may come to it.
        var there = now.Where(write => stories.ContainsKey(write.Grant.Task)).ToList();
        Check(Invariants.Gapless, there.Count, there.Where(write => write.Kind == WriteKind.Events && IsMissing(write, stories)).Select(write => $"{Text(write)}, but they are not in the log"));
        Check(Invariants.EndsRightly, there.Count, there.Where(write => Contradicts(write, stories[write.Grant.Task])).Select(write => $"{Text(write)}, but it ended as {stories[write.Grant.Task].Leases.GetValueOrDefault(write.Grant.Fence)}"));
        Check(Invariants.Watched, seen.Sum(watch => watch.Seen.Count), seen.Select(watch => Missed(watch.Watcher, watch.Seen, stories, isFinal)).OfType<string>());
        if (isFinal)
        {
            Check(Invariants.EndsRightly, stories.Count, stories.Values.Select(story => WithoutCause(story, writes)).OfType<string>());
        }

        if (download is not null)
        {
            await CheckArtifactsAsync(stories.Values, there, writes, download);
        }
    }

    private void Check(string invariant, int times, IEnumerable<string> wrong)
    {
        tally.Checked(invariant, times);
        foreach (var what in wrong)
        {
            tally.Violated(invariant);
            _found.Add(new(invariant, what));
        }
    }

    private void CheckOrder(Dictionary<Guid, TaskStory>.ValueCollection stories)
    {
        var wrong = stories.SelectMany(story => story.Read()).ToLookup(found => found.Invariant, found => found.What);
        foreach (var invariant in (string[])[Invariants.Gapless, Invariants.OneLease, Invariants.Fenced])
        {
            Check(invariant, stories.Count, wrong[invariant]);
        }
    }

    private static string Text(Write write) => $"{write.Kind} {write.Detail} of lease {write.Grant.Fence} of {write.Grant.Task} ({write.Grant.Worker}) was answered {write.Status}";
}
