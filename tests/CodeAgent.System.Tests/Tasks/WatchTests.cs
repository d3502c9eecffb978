using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;

namespace CodeAgent.SystemTests.Tasks;

[Collection(nameof(SharedSystem))]
public sealed class WatchTests(SystemFixture fixture)
{
    [Fact]
    public async Task A_watcher_that_is_cut_again_and_again_sees_every_event_once_and_in_order()
    {
        var api = fixture.System.Api;
        var (id, _) = await api.SubmitAsync(new()
        {
            Prompt = "for i in $(seq 1 30); do echo line $i; sleep 0.1; done",
            Agent = new() { Name = "command" },
        });

        var seen = new List<TaskEvent>();
        var cuts = 0;
        while (seen.Count == 0 || seen[^1].Type != EventTypes.TaskSucceeded)
        {
            var next = await api.WatchAsync(id, seen.Count, e => e.Type == EventTypes.TaskSucceeded || e.Number % 3 == 0);
            Assert.NotEmpty(next);
            seen.AddRange(next);
            cuts++;
        }

        Assert.True(cuts > 3, $"cut {cuts} times");
        Assert.Equal(Enumerable.Range(1, seen.Count).Select(n => (long)n), seen.Select(e => e.Number));
        Assert.Equal((await api.EventsAsync(id)).Select(e => (e.Number, e.Type)), seen.Select(e => (e.Number, e.Type)));
        var printed = string.Concat(seen.Where(e => e.Type == EventTypes.Output).Select(e => e.Data.GetProperty("text").GetString()));
        Assert.Equal(string.Concat(Enumerable.Range(1, 30).Select(i => $"line {i}\n")), printed);
    }
}
