using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Faults;

// What it sends.
internal sealed partial class SweepWorker
{
    // What a worker does from a task's claim to its end. Each step says whether the lease goes on.
    private (LifeStep Step, Func<Task<bool>> Send)[] Steps((Lease Lease, Grant Grant) held, LeasePlan plan, CancellationToken stop)
    {
        var ((lease, grant), twice) = (held, plan.Script == LeaseScript.SendsTwice);
        var done = new CompleteRequest { Outcome = Outcome.Succeeded, Summary = "Done.", Turns = 1 };
        return plan.Script == LeaseScript.Reorders
            ?
            [
                // The second batch before the first, the first again, the rest and another end after the end.
                (LifeStep.Claimed, () => Any(Events(1))), (LifeStep.FirstEvent, () => Events(0)), (LifeStep.MidEvents, () => Events(1)), (LifeStep.MidEvents, () => Any(Events(0))),
                (LifeStep.MidEvents, () => Events(2)), (LifeStep.BeforeCompleting, HeartbeatAsync), (LifeStep.Completing, () => Complete(done)), (LifeStep.Completed, () => Any(Events(3))),
                (LifeStep.Completed, () => Any(Complete(new() { Outcome = Outcome.Failed, Failure = new(FailureCodes.AgentFailed, "A second end.") }))), (LifeStep.Completed, () => Any(HeartbeatAsync())),
            ]
            :
            [
                (LifeStep.Claimed, HeartbeatAsync), (LifeStep.FirstEvent, () => Events(0)), (LifeStep.MidEvents, () => Events(1)),
                (LifeStep.MidEvents, () => SendAsync(grant, WriteKind.Artifact, HttpMethod.Put, $"artifacts/{Report}", () => new ByteArrayContent(Content(grant.Task, grant.Fence)), twice, stop)),
                (LifeStep.MidEvents, () => Events(2)), (LifeStep.BeforeCompleting, CheckpointAsync), (LifeStep.BeforeCompleting, HeartbeatAsync), (LifeStep.Completing, () => Complete(done)),
            ];

        Task<bool> Events(int batch) => SendAsync(grant, WriteKind.Events, HttpMethod.Post, "events",
            () => JsonContent.Create(Batch(grant.Fence, batch), ContractsJson.Default.EventBatch), twice, stop, $"{batch * EventsOfBatch}", EventsOfBatch);

        Task<bool> Complete(CompleteRequest request) => CompleteAsync(grant, request, twice, stop);

        Task<bool> CheckpointAsync() => SendAsync(grant, WriteKind.Checkpoint, HttpMethod.Put, "checkpoint", () => JsonContent.Create(
            new Checkpoint { Turn = lease.Checkpoint?.Turn ?? 1, State = JsonSerializer.SerializeToElement(new { turn = 1 }), BaseCommit = new string('0', 40), Usage = new() { InputTokens = 1000 * grant.Fence } },
            ContractsJson.Default.Checkpoint), twice, stop);

        async Task<bool> HeartbeatAsync()
        {
            var (goesOn, body) = await AskAsync(grant, WriteKind.Heartbeat, HttpMethod.Post, "heartbeat", Heartbeat, twice, stop);
            if (goesOn && JsonSerializer.Deserialize(body, ContractsJson.Lenient.HeartbeatResponse)!.CancelRequested)
            {
                await Complete(new() { Outcome = Outcome.Canceled });
                return false;
            }

            return goesOn;
        }

        static async Task<bool> Any(Task<bool> step)
        {
            await step;
            return true;
        }
    }

    private Task<bool> CompleteAsync(Grant grant, CompleteRequest request, bool twice, CancellationToken stop) => SendAsync(grant, WriteKind.Complete, HttpMethod.Post, "complete",
        () => JsonContent.Create(request with { Usage = new() { InputTokens = Tokens(grant.Fence) } }, ContractsJson.Default.CompleteRequest), twice, stop, request.Failure?.Code ?? $"{request.Outcome}");

    private async Task<bool> SendAsync(Grant grant, WriteKind kind, HttpMethod method, string path, Func<HttpContent> content, bool twice, CancellationToken stop, string detail = "", int count = 0) =>
        (await AskAsync(grant, kind, method, path, content, twice, stop, detail, count)).GoesOn;

    // Sent again where nobody knows what came of it. Twice: at the same time, at both instances.
    private async Task<(bool GoesOn, string Body)> AskAsync(Grant grant, WriteKind kind, HttpMethod method, string path, Func<HttpContent> content, bool twice, CancellationToken stop, string detail = "", int count = 0)
    {
        for (var tries = 0; tries < Tries; tries++)
        {
            var second = twice ? OnceAsync(grant, kind, method, path, content, _instance + 1, stop, detail, count) : null;
            var answer = await OnceAsync(grant, kind, method, path, content, _instance++, stop, detail, count);
            if (second is not null)
            {
                await second;
            }

            if (!answer.IsOpen)
            {
                return (answer.IsAccepted, answer.Body);
            }

            await Task.Delay(Pause, stop);
        }

        return (false, "");
    }

    private async Task<Answer> OnceAsync(Grant grant, WriteKind kind, HttpMethod method, string path, Func<HttpContent> content, int instance, CancellationToken stop, string detail = "", int count = 0)
    {
        var sent = Journal.Now;
        var answer = await clients.AskAsync(instance, () => ApiClients.Request(method, $"v1/leases/{grant.Task}/{path}", grant.Token, content), stop);
        tally.Answered(kind, answer.Status);
        journal.Writes.Enqueue(new(grant, kind, sent, answer.Status, detail, count));
        return answer;
    }

    private static JsonContent Heartbeat() => JsonContent.Create(new HeartbeatRequest(), ContractsJson.Default.HeartbeatRequest);

    private static JsonContent Release() => JsonContent.Create(new ReleaseRequest { Reason = "the plan says so" }, ContractsJson.Default.ReleaseRequest);

    private static EventBatch Batch(long fence, int batch) => new()
    {
        First = batch * EventsOfBatch,
        Events =
        [
            .. Enumerable.Range(batch * EventsOfBatch, EventsOfBatch).Select(place =>
                new WorkerEvent(TimeProvider.System.GetUtcNow(), EventTypes.AgentMessage, JsonSerializer.SerializeToElement(new { text = $"{fence}:{place}", fence, place }))),
        ],
    };
}
