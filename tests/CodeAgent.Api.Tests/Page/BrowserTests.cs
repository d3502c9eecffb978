using CodeAgent.Api.Page;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Builder;

namespace CodeAgent.Api.Tests.Page;

/// <summary>One browser for all tests that need one.</summary>
[CollectionDefinition(nameof(Browser))]
public sealed class BrowserCollection : ICollectionFixture<Browser>;

[Collection(nameof(Browser))]
public sealed class BrowserTests(GarnetFixture redis, Browser browser) : IClassFixture<GarnetFixture>, IAsyncLifetime
{
    private readonly ScriptedApi _api = new();
    private readonly TaskView _task = Samples.Task("Fix the <b>parser</b><img src=x onerror=\"document.title='owned'\">");
    private PartHost _host = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(browser.Unavailable is not null, browser.Unavailable ?? "");
        _api.Tasks[_task.Id] = _task;
        _host = await PartHost.StartAsync(redis.ConnectionString, _ => { }, app =>
        {
            app.MapPage();
            app.MapGet("/", PageEndpoints.SendIndex).AllowAnonymous();
            _api.Map(app);
        }, (PageEndpoints.DashboardKey, "http://127.0.0.1:18888/"));
    }

    public async ValueTask DisposeAsync()
    {
        _api.End();
        if (_host is not null)
        {
            await _host.DisposeAsync();
        }
    }

    [Fact]
    public async Task A_sign_in_link_signs_in_and_the_key_leaves_the_address()
    {
        var tab = await SignedInAsync();

        await tab.ShowsAsync("#task-list", "Fix the <b>parser</b>");
        await tab.ShowsAsync("#status", "2 workers, 1 of 4 busy");
        Assert.Equal($"{_host.Address}", (string?)await tab.EvaluateAsync("location.href"));
        Assert.Equal(PartHost.Key, (string?)await tab.EvaluateAsync("sessionStorage.getItem('codeagent.key')"));
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task Without_a_key_there_is_a_field_for_it_and_a_wrong_one_is_named_so()
    {
        var tab = await browser.OpenAsync($"{_host.Address}");
        await tab.BecomesAsync("document.activeElement?.id === 'key'");

        await tab.EnterAsync("#key", "ca_wrong");
        await tab.PressAsync("#sign-in-form button");

        await tab.ShowsAsync("#key-error", "The key is not known here");
        Assert.Null(await tab.EvaluateAsync("sessionStorage.getItem('codeagent.key')"));
    }

    [Fact]
    public async Task A_server_that_is_away_at_first_is_asked_again()
    {
        _api.FailFirst = 3;

        var tab = await SignedInAsync();

        await tab.ShowsAsync("#task-list", "Fix the <b>parser</b>");
        await tab.ShowsAsync("#status", "2 workers");
        Assert.Equal("", await tab.TextAsync("#tasks-error"));
    }

    [Fact]
    public async Task What_a_task_says_is_text_wherever_it_shows()
    {
        const string Markup = "<script>document.title='owned'</script><img src=x onerror=\"document.title='owned'\">";
        _api.Events.AddRange(Samples.Events(
            (EventTypes.AgentMessage, new { text = Markup }),
            (EventTypes.Output, new { text = Markup }),
            (EventTypes.ToolCall, new { id = "1", name = Markup, arguments = new { path = Markup } }),
            (EventTypes.ToolResult, new { id = "1", name = Markup, output = Markup }),
            (EventTypes.Plan, new { items = new[] { new { text = Markup, done = false } } }),
            (EventTypes.FileChanged, new { path = Markup, kind = Markup }),
            ("unheard.of", new { text = Markup })));
        var tab = await OpenTaskAsync();

        await tab.BecomesAsync($"document.querySelectorAll('.timeline > li').length === 5");
        await tab.ShowsAsync(".timeline", Markup);
        await tab.ShowsAsync(".plan", Markup);
        await tab.ShowsAsync("#task-title", _task.Request.Prompt);
        Assert.Equal(0, (int?)await tab.EvaluateAsync("document.querySelectorAll('#task img, #task script, #task b:not(summary b), #task-list img').length"));
        Assert.NotEqual("owned", (string?)await tab.EvaluateAsync("document.title"));
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_stream_that_is_cut_goes_on_after_the_last_event()
    {
        _api.Events.AddRange(Samples.Events([.. Enumerable.Range(1, 9).Select(i => (EventTypes.AgentMessage, (object)new { text = $"message {i}" }))]));
        _api.CutAfter = 4;

        var tab = await OpenTaskAsync();

        await tab.ShowsAsync(".timeline", "message 9");
        Assert.Equal([.. Enumerable.Range(1, 9).Select(i => $"message {i}")],
            ((System.Text.Json.Nodes.JsonArray)(await tab.EvaluateAsync("[...document.querySelectorAll('.timeline .agent .text')].map(e => e.textContent)"))!).Select(text => (string?)text));
        Assert.Contains("GET events after 4", _api.Requests);
    }

    [Fact]
    public async Task A_refused_form_says_why_at_the_field()
    {
        var tab = await SignedInAsync();
        await tab.EnterAsync("#prompt", "do it");
        await tab.EnterAsync("#checks", "dotnet test\n\n  make lint ");
        await tab.EnterAsync("#limit-turns", "5000");
        await tab.PressAsync("#task-form [type=submit]");

        await tab.ShowsAsync("[data-field='limits.turns']", "limits.turns is 1 to 1000.");
        Assert.Equal("limit-turns", (string?)await tab.EvaluateAsync("document.activeElement.id"));
        Assert.Equal("true", (string?)await tab.EvaluateAsync("document.querySelector('#limit-turns').getAttribute('aria-invalid')"));
        Assert.Contains("\"checks\":[\"dotnet test\",\"make lint\"]", _api.Requests.Single(request => request.StartsWith("POST", StringComparison.Ordinal)), StringComparison.Ordinal);

        await tab.EnterAsync("#limit-turns", "");
        await tab.PressAsync("#task-form [type=submit]");
        await tab.BecomesAsync($"location.hash === '#/tasks/{_task.Id}'");
    }

    [Fact]
    public async Task A_task_is_canceled_by_its_button_which_then_is_gone()
    {
        var tab = await OpenTaskAsync();
        await tab.ShowsAsync(".task-head", "running");

        await tab.PressAsync(".task-head .danger");

        await tab.ShowsAsync(".task-head", "canceled");
        await tab.BecomesAsync("!document.querySelector('.task-head .danger') && document.querySelector('.task-head .primary')");
        Assert.Contains("POST cancel", _api.Requests);
    }

    [Fact]
    public async Task A_retried_task_is_watched_again_from_where_it_had_ended()
    {
        _api.Tasks[_task.Id] = _task with { Status = TaskStatus.Failed, FinishedAt = _task.CreatedAt, Failure = new("check_failed", "No.") };
        var events = Samples.Events((EventTypes.AgentMessage, new { text = "first" }), (EventTypes.TaskFailed, new { message = "No." }),
            (EventTypes.TaskRequeued, new { reason = "retry" })).ToList();
        _api.Events.AddRange(events[..2]);
        _api.Retried.AddRange(events[2..]);
        var tab = await OpenTaskAsync();
        await tab.ShowsAsync(".failure", "check_failed");
        await Eventually.TrueAsync(() => Task.FromResult(_api.Requests.Contains("GET events after 2")), TimeSpan.FromSeconds(10), "the page asked for more");

        await tab.PressAsync(".task-head .primary");

        await tab.ShowsAsync(".timeline", "somebody asked for another try");
        await tab.ShowsAsync(".task-head", "queued");
        Assert.Equal(3, (int?)await tab.EvaluateAsync("document.querySelectorAll('.timeline > li').length"));
    }

    [Fact]
    public async Task A_patch_is_shown_with_its_lines_coloured_and_the_trace_is_a_link()
    {
        _api.Patch = Samples.Patch;
        var tab = await OpenTaskAsync();
        await tab.BecomesAsync("document.querySelector('.artifacts button')");
        await tab.PressAsync(".artifacts button");

        await tab.ShowsAsync(".viewer", "src/Parser.cs");
        Assert.Equal(2, (int?)await tab.EvaluateAsync("document.querySelectorAll('.viewer .patch .added').length"));
        Assert.Equal(1, (int?)await tab.EvaluateAsync("document.querySelectorAll('.viewer .patch .removed').length"));
        await tab.BecomesAsync($"document.querySelector('.facts a')?.href === 'http://127.0.0.1:18888/traces/detail/{_task.CorrelationId}'");
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task A_question_is_answered_where_it_stands()
    {
        _api.Tasks[_task.Id] = _task with { Status = TaskStatus.AwaitingInput, Question = new() { Id = "1.2.1", Text = "Which <database>?", Choices = ["PostgreSQL", "SQLite"] } };
        var tab = await OpenTaskAsync();
        await tab.ShowsAsync(".question", "Which <database>?");
        Assert.Equal("PostgreSQL", await tab.TextAsync("#task form .choice"));

        await tab.EnterAsync("#message", "Neither.");
        await tab.PressAsync("#task form [type=submit]");

        await tab.ShowsAsync(".task-head", "queued");
        await tab.BecomesAsync("document.querySelector('.question').textContent === ''");
        Assert.Contains("""POST message {"text":"Neither.","question":"1.2.1"}""", _api.Requests);
        Assert.Empty(tab.Complaints);
    }

    [Fact]
    public async Task An_approval_has_two_buttons_and_names_the_rule()
    {
        _api.Tasks[_task.Id] = _task with
        {
            Status = TaskStatus.AwaitingInput,
            Question = new() { Id = "1.2.1", Text = "May the agent run this?", Approval = new("run", "git push", "ask run:git push* (the task)") },
        };
        var tab = await OpenTaskAsync();
        await tab.ShowsAsync(".question", "ask run:git push* (the task)");

        await tab.PressAsync("#task form .danger");

        await tab.ShowsAsync(".task-head", "queued");
        Assert.Contains("""POST message {"text":"","decision":"deny","question":"1.2.1"}""", _api.Requests);
    }

    [Fact]
    public async Task Steps_notes_and_the_sandbox_are_shown()
    {
        _api.Tasks[_task.Id] = _task with
        {
            Work = new() { Sandbox = "bubblewrap", Notes = ["Mind <this>."], Steps = [new("plan", "succeeded", "The plan."), new("implement", "running")] },
        };
        var tab = await OpenTaskAsync();

        await tab.ShowsAsync(".steps", "implement");
        await tab.ShowsAsync(".notes", "Mind <this>.");
        await tab.ShowsAsync(".facts", "bubblewrap");
        Assert.Equal(2, (int?)await tab.EvaluateAsync("document.querySelectorAll('.steps .badge').length"));
    }

    private async Task<Tab> SignedInAsync()
    {
        var tab = await browser.OpenAsync($"{_host.Address}#key={PartHost.Key}");
        await tab.BecomesAsync("document.querySelector('#workplace')?.hidden === false");
        return tab;
    }

    private async Task<Tab> OpenTaskAsync()
    {
        var tab = await SignedInAsync();
        await tab.BecomesAsync("document.querySelector('#task-list a')");
        await tab.PressAsync("#task-list a");
        return tab;
    }
}
