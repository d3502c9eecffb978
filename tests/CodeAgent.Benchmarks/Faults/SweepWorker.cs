using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Faults;

/// <summary>A worker that speaks the protocol of leases as its plan says, rightly or wrongly, and notes what it was answered.</summary>
internal sealed partial class SweepWorker(ApiClients clients, string key, string name, IReadOnlyList<LeasePlan> plans, Journal journal, StepSignal steps, Tally tally)
{
    public const int EventsOfBatch = 3;
    public const string Report = "report";
    private const int Tries = 40;
    private static readonly TimeSpan Pause = TimeSpan.FromMilliseconds(30);
    private int _instance;

    public async Task RunAsync(int instance, CancellationToken stop)
    {
        _instance = instance;
        for (var next = 0; ;)
        {
            stop.ThrowIfCancellationRequested();
            var plan = next < plans.Count ? plans[next] : LeasePlan.Plain;
            if (await ClaimAsync(plan, stop) is { } lease)
            {
                next++;
                await Task.WhenAll(HauntAsync(lease, stop), LiveAsync(lease, plan, stop));
            }
            else if (plan.Script == LeaseScript.LeavesTheClaim)
            {
                next++;
            }
        }
    }

    /// <summary>What is stored as an artifact under a lease.</summary>
    public static byte[] Content(Guid task, long fence)
    {
        var seed = SHA256.HashData(Encoding.UTF8.GetBytes($"{task} {fence}"));
        return [.. Enumerable.Repeat(seed, 20 + (seed[0] * 2)).SelectMany(part => part)];
    }

    /// <summary>What is said to be used when a lease completes, so that it can be seen whose word it is.</summary>
    public static long Tokens(long fence) => (1000 * fence) + 999;

    private async Task<(Lease Lease, Grant Grant)?> ClaimAsync(LeasePlan plan, CancellationToken stop)
    {
        var claim = new ClaimRequest { Worker = name, Agents = [AgentNames.Builtin], Capacity = 1, WaitSeconds = 1 };
        var leaves = plan.Script == LeaseScript.LeavesTheClaim;
        var sent = Journal.Now;
        var answer = await clients.AskAsync(_instance++, () => ApiClients.Request(HttpMethod.Post, "v1/leases", key, () => JsonContent.Create(claim, ContractsJson.Default.ClaimRequest)), stop,
            leaves ? plan.Pace : TimeSpan.FromSeconds(2));
        if (answer.Status != 200)
        {
            if (leaves)
            {
                tally.Fault($"worker {LeaseScript.LeavesTheClaim}", LifeStep.Queued);
            }

            await Task.Delay(Pause, stop);
            return null;
        }

        var lease = JsonSerializer.Deserialize(answer.Body, ContractsJson.Lenient.Lease)!;
        var grant = new Grant(lease.TaskId, lease.Fence, name, lease.Token, sent, Journal.Now);
        journal.Grants.Enqueue(grant);
        steps.Reach(LifeStep.Claimed);
        return (lease, grant);
    }

    // Whoever had the task before is not dead: it sends on what it had begun.
    private Task HauntAsync((Lease Lease, Grant Grant) held, CancellationToken stop) => Task.WhenAll(
        journal.Grants.Where(grant => grant.Task == held.Grant.Task && grant.Fence < held.Grant.Fence).Select(grant => ReplayAsync(grant, LifeStep.Claimed, stop)));

    /// <summary>Sends again what belongs to a lease that is over.</summary>
    public async Task ReplayAsync(Grant grant, LifeStep step, CancellationToken stop)
    {
        tally.Fault("worker sends under an old lease", step);
        await OnceAsync(grant, WriteKind.Heartbeat, HttpMethod.Post, "heartbeat", Heartbeat, _instance++, stop);
        await OnceAsync(grant, WriteKind.Events, HttpMethod.Post, "events", () => JsonContent.Create(Batch(grant.Fence, 0), ContractsJson.Default.EventBatch), _instance++, stop, "0", EventsOfBatch);
        await OnceAsync(grant, WriteKind.Release, HttpMethod.Post, "release", Release, _instance++, stop);
    }

    private async Task LiveAsync((Lease Lease, Grant Grant) held, LeasePlan plan, CancellationToken stop)
    {
        var todo = Steps(held, plan, stop);
        for (var place = 0; place < todo.Length; place++)
        {
            var (step, send) = todo[place];
            steps.Reach(step);
            if (plan.Script is LeaseScript.SendsTwice or LeaseScript.Reorders)
            {
                tally.Fault($"worker {plan.Script}", step);
            }

            if ((place == Math.Min(plan.Step, todo.Length - 1) && await BreakOffAsync(held, plan, step, stop)) || !await send())
            {
                return;
            }

            await Task.Delay(plan.Pace, stop);
        }

        steps.Reach(LifeStep.Completed);
    }

    // Whether it is over with the lease.
    private async Task<bool> BreakOffAsync((Lease Lease, Grant Grant) held, LeasePlan plan, LifeStep step, CancellationToken stop)
    {
        if (plan.Script is not (LeaseScript.Dies or LeaseScript.Pauses or LeaseScript.GivesBack or LeaseScript.Fails or LeaseScript.Errs))
        {
            return false;
        }

        tally.Fault($"worker {plan.Script}", step);
        switch (plan.Script)
        {
            case LeaseScript.Pauses:
                await Task.Delay(plan.Silence, stop);
                return false;
            case LeaseScript.GivesBack:
                await SendAsync(held.Grant, WriteKind.Release, HttpMethod.Post, "release", Release, false, stop);
                break;
            case LeaseScript.Fails:
                await CompleteAsync(held.Grant, new() { Outcome = Outcome.Failed, Failure = new(FailureCodes.AgentFailed, "The plan says so.") }, true, stop);
                break;
            case LeaseScript.Errs:
                await CompleteAsync(held.Grant, new() { Outcome = Outcome.Failed, Failure = new(FailureCodes.WorkerError, "The plan says so.") }, true, stop);
                break;
            default:
                break;
        }

        return true;
    }
}
