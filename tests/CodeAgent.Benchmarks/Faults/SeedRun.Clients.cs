using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Benchmarks.Faults;

// What the clients do.
internal sealed partial class SeedRun
{
    private async Task ClientAsync(ApiClients clients, TaskPlan task, string key, CancellationToken stop)
    {
        await Task.Delay(task.At, stop);
        _steps.Reach(LifeStep.Queued);
        var place = key.Length + plan.Seed;
        if (task.Twice)
        {
            tally.Fault("client sends twice", LifeStep.Queued);
        }

        var ids = await Task.WhenAll(Enumerable.Range(0, task.Twice ? 2 : 1).Select(copy => SubmitAsync(clients, key, place + copy, stop)));
        var id = ids[^1];
        var watcher = new SweepWatcher(clients, system.ApiKey, id, task.WatchEach);
        if (_journal.Watchers.TryAdd(id, watcher))
        {
            lock (_watchers)
            {
                _watchers.Add(UntilEndAsync(watcher.RunAsync(place, stop)));
            }
        }

        if (task.CancelAfter is { } wait)
        {
            await Task.Delay(wait, stop);
            _journal.Cancels.TryAdd(id, false);
            var answer = await clients.InsistAsync(place, () => ApiClients.Request(HttpMethod.Post, $"v1/tasks/{id}/cancel", system.ApiKey, once: $"cancel-{key}"), stop);
            _journal.Cancels[id] = answer.IsAccepted;
            tally.Fault("client cancels", answer.Status == 409 ? LifeStep.Completed : answer.Body.Contains("\"running\"", StringComparison.Ordinal) ? LifeStep.MidEvents : LifeStep.Queued);
        }
    }

    // Again and again under its key, until there is an answer.
    private async Task<Guid> SubmitAsync(ApiClients clients, string key, int instance, CancellationToken stop)
    {
        while (true)
        {
            var sent = Journal.Now;
            var answer = await clients.AskAsync(instance++, () => Submission(key), stop);
            if (answer is { Status: 201, Body.Length: > 0 })
            {
                using var view = JsonDocument.Parse(answer.Body);
                var id = view.RootElement.GetProperty("id").GetGuid();
                _journal.Accepted.Enqueue(new(key, id, sent, Journal.Now));
                return id;
            }

            if (!answer.IsOpen)
            {
                _journal.Wrong.Enqueue($"POST /v1/tasks: {answer.Status} {answer.Body}");
            }

            await Task.Delay(ApiClients.Pause, stop);
        }
    }

    private HttpRequestMessage Submission(string key) => ApiClients.Request(HttpMethod.Post, "v1/tasks", system.ApiKey,
        () => JsonContent.Create(new TaskRequest { Prompt = $"Fault seed {key}", Labels = new Dictionary<string, string> { ["key"] = key } }, ContractsJson.Default.TaskRequest), key);

    private async Task RepeatAsync(ApiClients clients, Submission accepted, CancellationToken stop)
    {
        var answer = await clients.InsistAsync(plan.Seed, () => Submission(accepted.Key), stop);
        if (answer.Status != 201 || !answer.Body.Contains($"{accepted.Id}", StringComparison.Ordinal))
        {
            _journal.Wrong.Enqueue($"the request that made task {accepted.Id}, repeated: {answer.Status} {answer.Body}");
        }
    }
}
