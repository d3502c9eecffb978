using System.Globalization;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Faults;

// What the invariants say of one task, write or watcher.
internal sealed partial class SeedChecks
{
    // With a lost Redis the keys are lost: what an instance had begun for one may be done on the new Redis, beside what the client's next try makes.
    private IEnumerable<string> Doubled(List<Submission> accepted, Dictionary<Guid, TaskStory> stories, bool isFinal)
    {
        foreach (var same in accepted.GroupBy(submission => submission.Key).Where(same => same.DistinctBy(submission => submission.Id).Count() > 1))
        {
            yield return $"{same.Key} made {string.Join(" and ", same.Select(submission => submission.Id).Distinct())}";
        }

        if (isFinal && journal.LostAt is null)
        {
            foreach (var id in stories.Keys.Except(accepted.Select(submission => submission.Id)))
            {
                yield return $"{id} is there, and nobody knows of it";
            }
        }
    }

    // Somebody had a newer lease in hand before this was sent, or all was over.
    private static bool IsStale(Write write, List<Grant> grants, long? over) => write.SentAt > over
        || grants.Any(grant => grant.Task == write.Grant.Task && grant.Fence > write.Grant.Fence && grant.AnsweredAt < write.SentAt);

    // The end of a lease by its own word is answered again as before.
    private static bool IsRepetition(Write write, Dictionary<Guid, TaskStory> stories) => write.Kind == WriteKind.Complete
        && stories.TryGetValue(write.Grant.Task, out var story) && story.Leases.GetValueOrDefault(write.Grant.Fence) is { Reason: null or FailureCodes.WorkerError } && !Contradicts(write, story);

    private static bool IsMissing(Write write, Dictionary<Guid, TaskStory> stories) =>
        stories[write.Grant.Task].Reported.GetValueOrDefault(write.Grant.Fence) < int.Parse(write.Detail, CultureInfo.InvariantCulture) + write.Count;

    private static bool Contradicts(Write write, TaskStory story)
    {
        var ending = story.Leases.GetValueOrDefault(write.Grant.Fence);
        return write.Kind switch
        {
            WriteKind.Complete => write.Detail switch
            {
                nameof(Outcome.Succeeded) => ending?.Type != EventTypes.TaskSucceeded,
                nameof(Outcome.Canceled) => ending?.Type != EventTypes.TaskCanceled,
                FailureCodes.AgentFailed => ending?.Type is not (EventTypes.TaskFailed or EventTypes.TaskCanceled),
                _ => ending is not { Type: EventTypes.TaskFailed or EventTypes.TaskCanceled, Reason: null } and not { Reason: FailureCodes.WorkerError },
            },
            WriteKind.Release => ending is not { Type: EventTypes.TaskCanceled or EventTypes.TaskFailed } and not { Reason: "released" },
            _ => false,
        };
    }

    // Each event that came is the one of its number; at the end it has all of them.
    private static string? Missed(SweepWatcher watcher, IReadOnlyList<(long Number, string Json)> seen, Dictionary<Guid, TaskStory> stories, bool isFinal)
    {
        if (!stories.TryGetValue(watcher.TaskId, out var story))
        {
            // That is said elsewhere.
            return null;
        }

        for (var place = 0; place < seen.Count; place++)
        {
            if (seen[place].Number != place + 1 || place >= story.Log.Count || seen[place].Json != story.Log[place])
            {
                return $"{watcher.TaskId}: after {place} events came number {seen[place].Number}: {seen[place].Json}; in the log: {story.Log.ElementAtOrDefault(place)}";
            }
        }

        return watcher.IsMissing ? $"{watcher.TaskId}: it was told that there is no such task"
            : isFinal && seen.Count != story.Log.Count ? $"{watcher.TaskId}: {seen.Count} events came, {story.Log.Count} are in the log" : null;
    }

    private string? WithoutCause(TaskStory story, List<Write> writes)
    {
        var last = writes.Where(write => write.Grant.Task == story.Id && write.Grant.Fence == story.Fence && write.Kind == WriteKind.Complete).ToList();
        var failure = story.State.TryGetProperty("failure", out var why) ? why.GetProperty("code").GetString() : null;
        var tokens = story.State.GetProperty("usage").TryGetProperty("inputTokens", out var input) ? input.GetInt64() : 0;
        var (isRight, isCanceled) = (true, journal.Cancels.TryGetValue(story.Id, out var isAcknowledged));
        switch (story.Status)
        {
            case "succeeded":
                isRight = last.Any(write => write.Detail == nameof(Outcome.Succeeded)) && tokens == SweepWorker.Tokens(story.Fence);
                break;
            case "canceled":
                isRight = isCanceled;
                break;
            case "failed" when failure == FailureCodes.AttemptsExhausted:
                isRight = story.State.GetProperty("attempt").GetInt32() == SweepSystem.MaxAttempts;
                break;
            case "failed":
                isRight = last.Any(write => write.Detail == failure) && tokens == SweepWorker.Tokens(story.Fence);
                break;
            default:
                break;
        }

        return !isRight ? $"{story.Id} is {story.Status} {failure} under lease {story.Fence} with {tokens} tokens; said was {string.Join(", ", last.Select(write => $"{write.Detail}: {write.Status}"))}"
            : isAcknowledged && story.Status == "failed" ? $"{story.Id} has failed though its cancel was acknowledged" : null;
    }

    private async Task CheckArtifactsAsync(IReadOnlyCollection<TaskStory> stories, List<Write> acknowledged, List<Write> writes, Func<Guid, Task<byte[]?>> download)
    {
        foreach (var story in stories)
        {
            var least = acknowledged.Where(write => write.Kind == WriteKind.Artifact && write.Grant.Task == story.Id).Select(write => write.Grant.Fence).DefaultIfEmpty(0).Max();
            var isNamed = story.State.GetProperty("artifacts").EnumerateArray().Any(artifact => artifact.GetProperty("name").GetString() == SweepWorker.Report);
            if (!isNamed && least == 0)
            {
                continue;
            }

            var content = await download(story.Id);
            var whose = writes.Where(write => write.Kind == WriteKind.Artifact && write.Grant.Task == story.Id).Select(write => write.Grant.Fence).Distinct()
                .FirstOrDefault(fence => content is not null && content.AsSpan().SequenceEqual(SweepWorker.Content(story.Id, fence)));
            Check(Invariants.Stored, 1, whose >= Math.Max(1, least) ? [] : [$"{story.Id}: {content?.Length.ToString(CultureInfo.InvariantCulture) ?? "no"} bytes of lease {whose} (0 is none), acknowledged is lease {least}"]);
        }
    }
}
