using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Tasks;

public sealed class TaskResultTests
{
    private static readonly CompleteRequest Complete = new()
    {
        Outcome = Outcome.Succeeded,
        Tests = new() { Passed = 3, Failed = 1, Seconds = 1.5, Reports = 2, Failures = [new("a", "no")], Unread = ["b.xml: broken"] },
        Delivery = new()
        {
            Branch = "b",
            BaseCommit = "0",
            Commit = "1",
            Pushed = true,
            FilesChanged = 1,
            RebasedOnto = "2",
            PullRequest = new(7, "https://git.example.org/pull/7"),
            Warning = "Something else.",
        },
    };

    [Fact]
    public void What_the_worker_told_is_in_the_view_as_it_was_kept()
    {
        var done = Some.Running.After(new TaskCommand.Complete(1, Complete));
        var kept = JsonSerializer.Deserialize(JsonSerializer.Serialize(done, TasksJson.Default.TaskState), TasksJson.Default.TaskState)!;
        var view = kept.ToView(new() { Prompt = "x" });

        Assert.Equal(Complete.Delivery, view.Delivery);
        Assert.Equal((3, 1, 0, 1.5, 2), (view.Tests!.Passed, view.Tests.Failed, view.Tests.Skipped, view.Tests.Seconds, view.Tests.Reports));
        Assert.Equal(new("a", "no"), Assert.Single(view.Tests.Failures));
        Assert.Equal("b.xml: broken", Assert.Single(view.Tests.Unread));
    }

    [Fact]
    public void A_retry_forgets_them()
    {
        var failed = Some.Running.After(new TaskCommand.Complete(1, Complete with { Outcome = Outcome.Failed, Failure = new(FailureCodes.CheckFailed, "x"), Delivery = null }));
        Assert.NotNull(failed.Tests);
        Assert.Null(failed.After(new TaskCommand.Retry()).Tests);
    }

    [Fact]
    public void Choices_are_written_in_lower_case() =>
        Assert.Contains("\"commits\":\"keep\",\"onMovedBase\":\"rebase\"",
            JsonSerializer.Serialize(new TaskRequest { Prompt = "x", Delivery = new() { Commits = CommitHistory.Keep, OnMovedBase = MovedBase.Rebase } }, ContractsJson.Default.TaskRequest), StringComparison.Ordinal);
}
