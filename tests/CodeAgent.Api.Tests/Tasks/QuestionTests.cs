using System.Net;
using System.Text.Json;
using System.Text.Json.Nodes;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Tasks;

public abstract class QuestionTests(IApiFixture fixture) : ApiTests(fixture)
{
    private static readonly Question Which = new() { Id = "1-1-1", Text = "Which database?", Choices = ["PostgreSQL", "SQLite"] };

    protected override IEnumerable<(string Name, string Value)> Settings => [("Leases:SweepInterval", "00:00:00.05")];

    [Fact]
    public async Task A_question_is_shown_and_its_answer_goes_to_whoever_claims_next()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        await AskAsync(task.Id, Which);

        var waiting = await Api.GetAsync(task.Id);
        Assert.Equal((TaskStatus.AwaitingInput, null, 0), (waiting.Status, waiting.Worker, waiting.Attempt));
        Assert.Equal((Which.Text, "PostgreSQL,SQLite"), (waiting.Question!.Text, string.Join(',', waiting.Question.Choices)));
        Assert.Equal(TimeSpan.FromMinutes(4320), waiting.Question.ExpiresAt - waiting.Question.AskedAt);
        Assert.Equal(task.Id, (await Api.ListAsync("?status=awaiting_input")).Items.Single().Id);
        Assert.Null(await Worker.ClaimAsync());
        var asked = (await Api.EventsAsync(task.Id)).Items.Single(e => e.Type == EventTypes.TaskAwaitingInput);
        Assert.Equal(("Which database?", 1), (asked.Data.GetProperty("question").GetString(), asked.Attempt));

        using (var said = await SayAsync(task.Id, new() { Text = "SQLite", Question = Which.Id }))
        {
            await ApiClient.ExpectAsync(said, HttpStatusCode.Accepted);
        }

        var lease = await Worker.ClaimAsync("another");
        Assert.Equal((task.Id, 1, 2L), (lease!.TaskId, lease.Attempt, lease.Fence));
        Assert.Equal([new FollowUp(1, "SQLite", new(Which.Id, Which.Text))], lease.Messages);
        Assert.Null((await Api.GetAsync(task.Id)).Question);

        using var twice = await SayAsync(task.Id, new() { Text = "PostgreSQL", Question = Which.Id });
        await ApiClient.ExpectProblemAsync(twice, HttpStatusCode.Conflict, "not-asked", "question");
    }

    [Fact]
    public async Task An_approval_needs_a_decision()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        await AskAsync(task.Id, Which with { Choices = [], Approval = new("run", "git push", "run:git push*") });
        Assert.Equal(new("run", "git push", "run:git push*"), (await Api.GetAsync(task.Id)).Question!.Approval);

        using (var vague = await SayAsync(task.Id, new() { Text = "Hm." }))
        {
            await ApiClient.ExpectProblemAsync(vague, HttpStatusCode.BadRequest, "invalid-field", "decision");
        }

        using (var unknown = await Api.PostTextAsync($"/v1/tasks/{task.Id}/messages", """{ "decision": "maybe" }"""))
        {
            await ApiClient.ExpectProblemAsync(unknown, HttpStatusCode.BadRequest, "invalid-field", "decision");
        }

        using (var said = await Api.PostTextAsync($"/v1/tasks/{task.Id}/messages", """{ "decision": "deny" }"""))
        {
            await ApiClient.ExpectAsync(said, HttpStatusCode.Accepted);
        }

        var lease = await Worker.ClaimAsync();
        Assert.Equal([new FollowUp(1, "", new(Which.Id, Which.Text, ApprovalDecision.Deny))], lease!.Messages);
    }

    [Fact]
    public async Task A_message_needs_a_text_or_a_decision()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        foreach (var body in (string[])["{}", """{ "text": " " }""", $$"""{ "text": "{{new string('x', 100_001)}}" }""", """{ "text": null, "decision": "deny" }"""])
        {
            using var answer = await Api.PostTextAsync($"/v1/tasks/{task.Id}/messages", body);
            await ApiClient.ExpectProblemAsync(answer, HttpStatusCode.BadRequest, "invalid-field", "text");
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_message_and_the_question_that_it_crosses_lose_neither(bool messageFirst)
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        var held = await CheckpointedAsync(task.Id);
        var ask = () => held.CompleteAsync(task.Id, new() { Outcome = Outcome.AwaitingInput, Question = Which });
        var say = async () =>
        {
            using var said = await SayAsync(task.Id, new() { Text = "By the way." });
            await ApiClient.ExpectAsync(said, HttpStatusCode.Accepted);
        };
        await (messageFirst ? say : ask)();
        await (messageFirst ? ask : say)();

        var lease = await Worker.ClaimAsync();
        Assert.Equal("By the way.", lease!.Messages.Single().Text);
        Assert.Equal(messageFirst ? null : Which.Id, lease.Messages.Single().Answer?.Question);
    }

    [Fact]
    public async Task Of_many_at_once_each_message_is_kept_and_one_answers()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        var held = await CheckpointedAsync(task.Id);
        var asking = held.CompleteAsync(task.Id, new() { Outcome = Outcome.AwaitingInput, Question = Which });
        await Task.WhenAll([asking, .. Enumerable.Range(0, 10).Select(async i =>
        {
            using var said = await SayAsync(task.Id, new() { Text = $"{i}" });
            await ApiClient.ExpectAsync(said, HttpStatusCode.Accepted);
        })]);

        Assert.Equal(TaskStatus.Queued, (await Api.GetAsync(task.Id)).Status);
        var lease = await Worker.ClaimAsync();
        Assert.Equal(Enumerable.Range(1, 10), lease!.Messages.Select(message => message.Number));
        Assert.Equal(Enumerable.Range(0, 10).Select(i => $"{i}"), lease.Messages.Select(message => message.Text).Order());
        Assert.InRange(lease.Messages.Count(message => message.Answer is not null), 0, 1);
    }

    [Fact]
    public async Task A_waiting_task_is_canceled_and_tried_again()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        await AskAsync(task.Id, Which);

        var canceled = await Api.ChangeAsync(task.Id, "cancel");
        Assert.Equal((TaskStatus.Canceled, null), (canceled.Status, canceled.Question));
        using (var late = await SayAsync(task.Id, new() { Text = "SQLite" }))
        {
            await ApiClient.ExpectProblemAsync(late, HttpStatusCode.Conflict, "task-final");
        }

        await Api.ChangeAsync(task.Id, "retry");
        var lease = await Worker.ClaimAsync();
        Assert.Equal((2, null), (lease!.Run, lease.Checkpoint));
        Assert.Empty(lease.Messages);
    }

    [Fact]
    public async Task A_cancel_that_crosses_the_question_wins()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        var held = await CheckpointedAsync(task.Id);
        await Api.ChangeAsync(task.Id, "cancel");
        await held.CompleteAsync(task.Id, new() { Outcome = Outcome.AwaitingInput, Question = Which });

        Assert.Equal(TaskStatus.Canceled, (await Api.GetAsync(task.Id)).Status);
    }

    [Fact]
    public async Task Without_an_answer_the_task_fails_when_its_time_is_over()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x", Limits = new() { WaitMinutes = 1 } });
        await AskAsync(task.Id, Which);
        await PutBackAsync(task.Id, TimeSpan.FromMinutes(1));

        await Eventually.TrueAsync(async () => (await Api.GetAsync(task.Id)).Status == TaskStatus.Failed, Limit, "it fails");
        Assert.Equal(new(FailureCodes.NoAnswer, "Nobody answered within 1 minutes (limits.waitMinutes). The task had asked: Which database?"), (await Api.GetAsync(task.Id)).Failure);
        Assert.Equal(0, await Redis.Client.GetDatabase().SortedSetLengthAsync(TaskKeys.Waiting));
    }

    [Fact]
    public async Task Once_the_delivery_begins_a_message_is_too_late()
    {
        var task = await Api.SubmitAsync(new() { Prompt = "x" });
        var held = With((await Worker.ClaimAsync())!);
        using (var early = await SayAsync(task.Id, new() { Text = "And that." }))
        {
            await ApiClient.ExpectAsync(early, HttpStatusCode.Accepted);
        }

        using (var unread = await CloseAsync(held, task.Id, 0))
        {
            await ApiClient.ExpectProblemAsync(unread, HttpStatusCode.Conflict, "messages-unread", "messagesSeen");
        }

        using (var complete = await held.PostAsync($"/v1/leases/{task.Id}/complete", new() { Outcome = Outcome.Succeeded }, ContractsJson.Default.CompleteRequest))
        {
            await ApiClient.ExpectProblemAsync(complete, HttpStatusCode.Conflict, "messages-unread");
        }

        using (var closed = await CloseAsync(held, task.Id, 1))
        {
            await ApiClient.ExpectAsync(closed, HttpStatusCode.NoContent);
        }

        using (var late = await SayAsync(task.Id, new() { Text = "One more." }))
        {
            await ApiClient.ExpectProblemAsync(late, HttpStatusCode.Conflict, "nobody-reads");
        }

        await held.CompleteAsync(task.Id);
        Assert.Equal(TaskStatus.Succeeded, (await Api.GetAsync(task.Id)).Status);
    }

    [Fact]
    public async Task A_script_takes_no_messages()
    {
        var task = await Api.SubmitAsync();
        using var said = await SayAsync(task.Id, new() { Text = "hello" });

        await ApiClient.ExpectProblemAsync(said, HttpStatusCode.Conflict, "nobody-reads");
    }

    private async Task AskAsync(Guid id, Question question) =>
        await (await CheckpointedAsync(id)).CompleteAsync(id, new() { Outcome = Outcome.AwaitingInput, Question = question });

    private async Task<ApiClient> CheckpointedAsync(Guid id)
    {
        var held = With((await Worker.ClaimAsync())!);
        var checkpoint = new Checkpoint { Turn = 0, State = JsonElement.Parse("{}"), BaseCommit = new('a', 40), Usage = new() };
        using var stored = await held.Http.PutAsync($"/v1/leases/{id}/checkpoint", JsonContent(checkpoint), Stop);
        await ApiClient.ExpectAsync(stored, HttpStatusCode.NoContent);
        return held;
    }

    private static StringContent JsonContent(Checkpoint checkpoint) =>
        new(JsonSerializer.Serialize(checkpoint, ContractsJson.Default.Checkpoint), System.Text.Encoding.UTF8, "application/json");

    private Task<HttpResponseMessage> SayAsync(Guid id, MessageRequest message) => Api.PostAsync($"/v1/tasks/{id}/messages", message, ContractsJson.Default.MessageRequest);

    private static Task<HttpResponseMessage> CloseAsync(ApiClient held, Guid id, int seen) =>
        held.PostAsync($"/v1/leases/{id}/close", new() { MessagesSeen = seen }, ContractsJson.Default.CloseRequest);

    // Nobody waits a minute for a test: the question becomes older than it is.
    private async Task PutBackAsync(Guid id, TimeSpan by)
    {
        var database = Redis.Client.GetDatabase();
        var state = JsonNode.Parse((string)(await database.HashGetAsync(RedisKeys.Task(id), "state"))!)!;
        var end = (DateTimeOffset)state["question"]!["expiresAt"]! - by;
        state["question"]!["expiresAt"] = end;
        await database.HashSetAsync(RedisKeys.Task(id), "state", state.ToJsonString());
        await database.SortedSetAddAsync(TaskKeys.Waiting, id.ToString(), end.ToUnixTimeMilliseconds());
    }
}

public sealed class QuestionsOnGarnet(ApiOn<GarnetFixture> fixture) : QuestionTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class QuestionsOnRedis(ApiOn<RedisServerFixture> fixture) : QuestionTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
