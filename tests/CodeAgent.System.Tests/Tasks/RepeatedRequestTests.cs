using System.Net;
using System.Net.Http.Json;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;

namespace CodeAgent.SystemTests.Tasks;

/// <summary>The Api is killed while tasks are submitted; whoever had no answer asks again under the same key.</summary>
public sealed class RepeatedRequestTests
{
    private const int Lanes = 8;
    private const int Each = 25;
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(90);
    private int _answered;
    private int _repeated;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Fact]
    public async Task Each_makes_one_task_though_the_Api_was_killed_under_them()
    {
        await using var system = await RunningSystem.StartAsync();
        var lanes = Enumerable.Range(0, Lanes).Select(lane => SubmitAsync(system, lane)).ToList();
        await Eventually.TrueAsync(() => Task.FromResult(Volatile.Read(ref _answered) >= 20), Limit, "some are answered");
        await system.KillAsync("CodeAgent.Api");

        var made = (await Task.WhenAll(lanes).WaitAsync(Limit, Stop)).SelectMany(locations => locations).ToList();

        Assert.InRange(_repeated, 1, int.MaxValue);
        Assert.Equal(Lanes * Each, made.Distinct().Count());
        Assert.Equal(made.Order(StringComparer.Ordinal), (await ListedAsync(system)).Order(StringComparer.Ordinal));
    }

    private async Task<IReadOnlyList<string>> SubmitAsync(RunningSystem system, int lane)
    {
        var locations = new List<string>();
        for (var i = 0; i < Each; i++)
        {
            var key = $"\"{lane}-{i}\"";
            locations.Add(await Eventually.GetAsync(() => TryAsync(system, key), Limit, $"{key} is answered"));
            Interlocked.Increment(ref _answered);
        }

        return locations;
    }

    private async Task<string?> TryAsync(RunningSystem system, string key)
    {
        // No worker offers this agent, so that the tasks stay where they are.
        var task = new TaskRequest { Prompt = key, Agent = new() { Name = AgentNames.Cursor } };
        using var request = new HttpRequestMessage(HttpMethod.Post, "/v1/tasks") { Content = JsonContent.Create(task, ContractsJson.Default.TaskRequest) };
        request.Headers.Add("Idempotency-Key", key);
        try
        {
            using var answer = await system.Api.Http.SendAsync(request, Stop);
            if (answer.StatusCode == HttpStatusCode.Created)
            {
                return answer.Headers.Location!.OriginalString;
            }

            Assert.Contains(answer.StatusCode, (HttpStatusCode[])[HttpStatusCode.Conflict, HttpStatusCode.ServiceUnavailable]);
        }
        catch (HttpRequestException)
        {
            // Nobody knows whether there is a task now.
        }

        Interlocked.Increment(ref _repeated);
        return null;
    }

    private static async Task<IReadOnlyList<string>> ListedAsync(RunningSystem system)
    {
        var listed = new List<string>();
        for (string? next = ""; next is not null;)
        {
            var page = await system.Api.Http.GetFromJsonAsync($"/v1/tasks?limit=200{(next.Length == 0 ? "" : $"&cursor={next}")}", ContractsJson.Default.PageTaskView, Stop);
            listed.AddRange(page!.Items.Select(task => $"/v1/tasks/{task.Id}"));
            next = page.Next;
        }

        return listed;
    }
}
