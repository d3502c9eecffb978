using System.Diagnostics;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using CodeAgent.Testing;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

[Collection(nameof(SharedSystem))]
public sealed class CancelTests(SystemFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(30);

    [Fact]
    public async Task Cancel_ends_the_whole_process_tree_within_two_seconds()
    {
        var api = fixture.System.Api;
        // A number of seconds that no other process on the machine sleeps for.
        var marker = $"{Random.Shared.Next(100_000, 999_999)}.{Random.Shared.Next(100_000, 999_999)}";
        var (id, _) = await api.SubmitAsync(new()
        {
            Prompt = $"""
                sleep {marker} &
                setsid nohup sleep {marker} >/dev/null 2>&1 &
                (setsid sh -c '(sleep {marker} &) ; exit 0' &)
                setsid sh -c 'trap "" TERM INT HUP; sleep {marker}; sleep {marker}' &
                echo started
                wait
                sleep {marker}
                """,
            Agent = new() { Name = "command" },
        });
        await Eventually.TrueAsync(async () => (await SleepersAsync(marker)).Count >= 4, Limit, "all children run");

        var clock = Stopwatch.StartNew();
        using (var answer = await api.Http.PostAsync($"/v1/tasks/{id}/cancel", null, TestContext.Current.CancellationToken))
        {
            Assert.True(answer.IsSuccessStatusCode, answer.StatusCode.ToString());
        }

        await Eventually.TrueAsync(async () => (await SleepersAsync(marker)).Count == 0, Limit, "no child is left");
        Assert.InRange(clock.Elapsed, TimeSpan.Zero, TimeSpan.FromSeconds(2));
        var task = await api.FinalAsync(id, Limit);
        Assert.Equal(TaskStatus.Canceled, task.Status);
        using (var again = await api.Http.PostAsync($"/v1/tasks/{id}/cancel", null, TestContext.Current.CancellationToken))
        {
            Assert.True(again.IsSuccessStatusCode, again.StatusCode.ToString());
        }

        Assert.Single(await api.EventsAsync(id), e => e.Type == EventTypes.TaskCanceled);
    }

    private static Task<IReadOnlyList<int>> SleepersAsync(string marker) =>
        Processes.FindAsync((commandLine, _) => commandLine.Contains($"sleep\0{marker}", StringComparison.Ordinal));
}
