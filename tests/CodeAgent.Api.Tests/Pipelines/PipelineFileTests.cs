using CodeAgent.Api.Pipelines;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Tests.Pipelines;

public sealed class PipelineFileTests : IDisposable
{
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("codeagent-pipelines-");

    [Fact]
    public async Task The_file_of_the_repository_is_valid_and_has_the_whole_way()
    {
        var folder = AppContext.BaseDirectory;
        while (!File.Exists(Path.Combine(folder, "CodeAgent.sln")))
        {
            folder = Path.GetDirectoryName(folder)!;
        }

        var file = await ConfigFile.LoadAsync<PipelineFile>(Path.Combine(folder, "config", "pipelines.yaml"), _ => null, PipelineValidator.Validate, TestContext.Current.CancellationToken);
        var steps = new PipelineCatalog(file).Resolve(new() { Prompt = "x", Type = "full", Checks = ["make test"], Agent = new() { Name = AgentNames.Builtin, Model = "m" } });

        Assert.Equal(["plan", "implement", "test", "document", "review", "fix", "check"], steps.Select(step => step.Name));
        Assert.Equal(["test", "check"], steps.Where(step => step.Checks.Contains("make test")).Select(step => step.Name));
        Assert.All(steps, step => Assert.Equal(("builtin", "m"), (step.Agent.Name, step.Agent.Model)));
        Assert.Equal("implement", steps.Single(step => step.Summarizes).Name);
    }

    [Theory]
    [InlineData("        prompt: do {promt}", "pipelines.p.steps[0].prompt", "there is no placeholder '{promt}'", 5)]
    [InlineData("        prompt: do {b} {{not}} { that }\n      - name: b\n        prompt: x {a} {feedback} {steps} {id} {date} {checks}", null, null, 0)]
    [InlineData("        prompt: do\n        agent: cloud", "pipelines.p.steps[0].agent", "an agent is one of", 6)]
    [InlineData("        checks: []", "pipelines.p.steps[0]", "a step has a prompt, or checks, or both", 4)]
    [InlineData("        prompt: x\n        onFailure: continue", "pipelines.p.steps[0]", "the last step is always run", 4)]
    [InlineData("        prompt: x\n        onFailure: back", "pipelines.p.steps[0].backTo", "backTo belongs to onFailure: back", 4)]
    [InlineData("        prompt: x\n        onFailure: back\n        backTo: a", "pipelines.p.steps[0].backTo", "has no {feedback}", 7)]
    [InlineData("        prompt: x\n        onFailure: back\n        backTo: z", "pipelines.p.steps[0].backTo", "there is no step 'z'", 7)]
    [InlineData("        prompt: x\n        onFailure: maybe", "", "'maybe' is not known here; there are: stop, continue, back", 6)]
    [InlineData("        prompt: x\n        when: failure", "pipelines.p.steps[0].when", "before the first step none can fail", 6)]
    [InlineData("        prompt: x\n      - name: a\n        prompt: y", "pipelines.p.steps[1].name", "there are two steps 'a'", 6)]
    [InlineData("        prompt: x\n        limits: { turns: 0 }", "pipelines.p.steps[0].limits", "turns 1 to 1000", 6)]
    [InlineData("        prompt: x\n        verdict: true\n        agent: command", "pipelines.p.steps[0].verdict", "only the agent builtin", 6)]
    [InlineData("        prompt: echo {prompt}\n        agent: command", "pipelines.p.steps[0].prompt", "is a shell script", 5)]
    [InlineData("        promt: x", "", "there is no 'promt' here", 5)]
    public async Task What_is_wrong_is_told_with_its_line(string step, string? path, string? reason, int line)
    {
        var file = Path.Combine(_folder.FullName, "pipelines.yaml");
        await File.WriteAllTextAsync(file, $"pipelines:\n  p:\n    steps:\n      - name: a\n{step}\n", TestContext.Current.CancellationToken);
        var load = () => ConfigFile.LoadAsync<PipelineFile>(file, _ => null, PipelineValidator.Validate, TestContext.Current.CancellationToken);
        if (path is null)
        {
            await load();
            return;
        }

        var refused = await Assert.ThrowsAsync<ConfigFileException>(load);
        Assert.Contains(refused.Problems, problem => problem.Path == path && problem.Reason.Contains(reason!, StringComparison.Ordinal) && problem.Line == line);
    }

    [Theory]
    [InlineData("direct", "is the task alone")]
    [InlineData("Two_Words", "a pipeline's name")]
    public async Task Names_of_pipelines(string name, string reason)
    {
        var file = Path.Combine(_folder.FullName, "pipelines.yaml");
        await File.WriteAllTextAsync(file, $"pipelines:\n  {name}:\n    steps:\n      - name: a\n        prompt: x\n", TestContext.Current.CancellationToken);
        var refused = await Assert.ThrowsAsync<ConfigFileException>(() => ConfigFile.LoadAsync<PipelineFile>(file, _ => null, PipelineValidator.Validate, TestContext.Current.CancellationToken));

        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("type", """{ "prompt": "x", "type": "fulll" }""")]
    [InlineData("agent.name", """{ "prompt": "x", "type": "words", "agent": { "name": "command" } }""")]
    [InlineData("approvals", """{ "prompt": "x", "type": "mixed", "approvals": { "deny": ["run:x"] } }""")]
    public async Task What_does_not_go_together_is_refused(string field, string json)
    {
        var catalog = await CatalogAsync();
        var request = System.Text.Json.JsonSerializer.Deserialize(json, ContractsJson.Default.TaskRequest)!;

        Assert.Equal(field, Assert.Throws<ProblemException>(() => catalog.Resolve(request)).Field);
    }

    [Fact]
    public async Task A_task_waits_in_the_queue_of_the_agent_that_not_every_worker_has()
    {
        var catalog = await CatalogAsync();
        Assert.Equal(AgentNames.Builtin, Queue(new() { Prompt = "x", Type = "mixed" }));
        Assert.Equal(AgentNames.Claude, Queue(new() { Prompt = "x", Type = "mixed", Agent = new() { Name = AgentNames.Claude } }));
        Assert.Equal(AgentNames.Command, Queue(new() { Prompt = "x", Agent = new() { Name = AgentNames.Command } }));
        Assert.Equal(AgentNames.Command, Queue(new() { Prompt = "x", Type = "scripts", Agent = new() { Name = AgentNames.Command } }));

        // Nobody reads what is said to checks.
        Assert.Equal(AgentNames.Command, Queue(new() { Prompt = "x", Type = "checks" }));

        string Queue(TaskRequest request) => PipelineCatalog.QueueOf(request, catalog.Resolve(request));
    }

    [Fact]
    public void What_is_filled_in_is_not_looked_at_again() =>
        Assert.Equal("a {b} {x} c", PromptTemplate.Render("a {{b}} {prompt} c", name => name == "prompt" ? "{x}" : "?"));

    public void Dispose() => _folder.Delete(recursive: true);

    private async Task<PipelineCatalog> CatalogAsync()
    {
        var file = Path.Combine(_folder.FullName, "pipelines.yaml");
        await File.WriteAllTextAsync(file, """
            pipelines:
              words:
                steps:
                  - { name: a, prompt: "do {prompt}" }
              mixed:
                steps:
                  - { name: a, prompt: "do {prompt}" }
                  - { name: b, prompt: "make format", agent: command }
              checks:
                steps:
                  - { name: a, checks: ["make"] }
              scripts:
                steps:
                  - { name: a, prompt: "make", agent: command }
            """, TestContext.Current.CancellationToken);
        return new(await ConfigFile.LoadAsync<PipelineFile>(file, _ => null, PipelineValidator.Validate, TestContext.Current.CancellationToken));
    }
}
