using System.Net;
using CodeAgent.Api.Tests.Running;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;

namespace CodeAgent.Api.Tests.Pipelines;

public abstract class PipelineTests(IApiFixture fixture) : ApiTests(fixture)
{
    protected override IEnumerable<(string Name, string Value)> Settings => [("Config:Directory", Folder)];

    [Fact]
    public async Task A_task_keeps_the_steps_that_it_was_submitted_with()
    {
        await WriteAsync("first {prompt}");
        await Eventually.TrueAsync(async () => await PromptAsync() == "first {prompt}", Limit, "the file is in force");

        var task = await Api.SubmitAsync(new() { Prompt = "x", Type = "p", Checks = ["true"] });
        await WriteAsync("second {prompt}");
        await Eventually.TrueAsync(async () => await PromptAsync() == "second {prompt}", Limit, "the edit is in force");

        var lease = await Worker.ClaimAsync();
        Assert.Equal((task.Id, "p", "first {prompt}"), (lease!.TaskId, lease.Request.Type, lease.Steps.Single().Prompt));
        Assert.Equal(["true"], lease.Steps.Single().Checks);
    }

    [Fact]
    public async Task A_task_without_a_type_is_direct_and_an_unknown_type_is_refused()
    {
        Assert.Equal("direct", (await Api.SubmitAsync()).Request.Type);
        Assert.Empty((await Worker.ClaimAsync())!.Steps);

        using var unknown = await Api.PostTextAsync("/v1/tasks", """{ "prompt": "x", "type": "nonsense" }""");
        await ApiClient.ExpectProblemAsync(unknown, HttpStatusCode.BadRequest, "invalid-field", "type");
    }

    // What a task would get now.
    private async Task<string?> PromptAsync()
    {
        using var answer = await Api.PostAsync("/v1/tasks", new() { Prompt = "probe", Type = "p", Priority = -50 }, ContractsJson.Default.TaskRequest);
        if (answer.StatusCode != HttpStatusCode.Created)
        {
            return null;
        }

        var probe = await ApiClient.ReadAsync(answer, HttpStatusCode.Created, ContractsJson.Default.TaskView);
        var steps = (string)(await Redis.Client.GetDatabase().HashGetAsync(ServiceDefaults.Redis.RedisKeys.Task(probe.Id), "steps"))!;
        await Api.ChangeAsync(probe.Id, "cancel");
        return System.Text.Json.JsonDocument.Parse(steps).RootElement[0].GetProperty("prompt").GetString();
    }

    private Task WriteAsync(string prompt) => File.WriteAllTextAsync(Path.Combine(Folder, "pipelines.yaml"),
        $"pipelines:\n  p:\n    steps:\n      - name: a\n        prompt: '{prompt}'\n", Stop);
}

public sealed class PipelinesOnGarnet(ApiOn<GarnetFixture> fixture) : PipelineTests(fixture), IClassFixture<ApiOn<GarnetFixture>>;

public sealed class PipelinesOnRedis(ApiOn<RedisServerFixture> fixture) : PipelineTests(fixture), IClassFixture<ApiOn<RedisServerFixture>>;
