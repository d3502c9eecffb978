using System.Net;
using System.Net.Http.Json;
using CodeAgent.Contracts;
using CodeAgent.SystemTests.Running;
using TaskStatus = CodeAgent.Contracts.TaskStatus;

namespace CodeAgent.SystemTests.Tasks;

[Collection(nameof(SharedSystem))]
public sealed class QuestionTests(SystemFixture fixture)
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(60);

    private ApiClient Api => fixture.System.Api;

    [Fact]
    public async Task A_task_asks_waits_without_a_worker_and_goes_on_with_the_answer()
    {
        var (id, _) = await Api.SubmitAsync(Simulated.Task(
            Simulated.Call("write", new { path = "one.txt", content = "1\n" }),
            Simulated.Call("ask", new { question = "Which database?", choices = (string[])["PostgreSQL", "SQLite"] }),
            Simulated.Call("write", new { path = "two.txt", content = "2\n" }),
            Simulated.Call("finish", new { summary = "Two files." })));
        var waiting = await Api.WhenAsync(id, task => task.Status == TaskStatus.AwaitingInput, Limit);
        Assert.Equal(("Which database?", null, 1), (waiting.Question!.Text, waiting.Worker, waiting.Turns));

        await SayAsync(id, new() { Text = "SQLite", Question = waiting.Question.Id });
        var task = await Api.FinalAsync(id, Limit);

        Assert.True(task.Status == TaskStatus.Succeeded, task.Failure?.ToString());
        Assert.Equal((1, 4, 2, null), (task.Attempt, task.Turns, task.Delivery!.FilesChanged, task.Question));
        var events = await Api.EventsAsync(id);
        var answer = events.Single(e => e.Type == EventTypes.ToolResult && e.Data.GetProperty("name").GetString() == "ask");
        Assert.Equal("SQLite", answer.Data.GetProperty("output").GetString());
        Assert.Equal([1, 2, 3, 4], events.Where(e => e.Type == EventTypes.TurnFinished).Select(e => e.Data.GetProperty("turn").GetInt32()));
    }

    [Fact]
    public async Task A_message_during_the_checks_is_heeded_before_the_task_ends()
    {
        var request = Simulated.Task(
            Simulated.Call("finish", new { summary = "First." }),
            Simulated.Call("finish", new { summary = "Second." }));
        request.Checks = ["sleep 2"];
        var (id, _) = await Api.SubmitAsync(request);
        await Api.EventAsync(id, e => e.Type == EventTypes.CheckStarted, Limit, "the check runs");
        await SayAsync(id, new() { Text = "And that." });

        var task = await Api.FinalAsync(id, Limit);
        Assert.Equal((TaskStatus.Succeeded, "Second.", 2), (task.Status, task.Summary, task.Turns));
    }

    private async Task SayAsync(Guid id, MessageRequest message)
    {
        using var answer = await Api.Http.PostAsJsonAsync($"/v1/tasks/{id}/messages", message, ContractsJson.Default.MessageRequest);
        Assert.True(answer.StatusCode == HttpStatusCode.Accepted, await answer.Content.ReadAsStringAsync());
    }
}
