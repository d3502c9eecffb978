using CodeAgent.Api.Queue;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Tasks;

public sealed class LifecycleTests
{
    private static readonly DateTimeOffset Late = Some.Start + TimeSpan.FromDays(4);

    private static readonly RetryDelays Delays = new(TimeSpan.FromSeconds(2), TimeSpan.FromSeconds(5));

    private static readonly Dictionary<string, TaskState?> States = new()
    {
        ["none"] = null,
        ["queued"] = Some.Queued,
        ["delayed"] = Some.Running.After(new TaskCommand.Lapse(Delays), Some.Start + Some.Ttl),
        ["running"] = Some.Running,
        ["canceling"] = Some.Canceling,
        ["closing"] = Some.Closing,
        ["awaiting"] = Some.AwaitingInput,
        ["approving"] = Some.AwaitingApproval,
        ["succeeded"] = Some.Succeeded,
        ["failed"] = Some.Failed,
        ["canceled"] = Some.Canceled,
    };

    private static readonly Dictionary<string, TaskCommand> Commands = new()
    {
        ["submit"] = Some.Submit,
        ["cancel"] = new TaskCommand.Cancel(),
        ["retry"] = new TaskCommand.Retry(),
        ["message"] = new TaskCommand.Message("hello"),
        ["approve"] = new TaskCommand.Message("", ApprovalDecision.Approve),
        ["expire"] = new TaskCommand.Expire(),
        ["close"] = new TaskCommand.Close(1, 0),
        ["ask"] = Some.Ask(),
        ["claim"] = new TaskCommand.Claim("w", Some.Ttl),
        ["lapse"] = new TaskCommand.Lapse(),
        ["due"] = new TaskCommand.Due(),
        ["unoffered"] = new TaskCommand.GiveUp(new(FailureCodes.AgentUnavailable, "Nobody offers it.")),
        ["heartbeat"] = new TaskCommand.Heartbeat(1, Some.Ttl),
        ["events"] = Some.Events(0, 2),
        ["checkpoint"] = Some.Checkpoint(1),
        ["work"] = new TaskCommand.ReportWork(1, new() { Sandbox = "none" }),
        ["artifact"] = Some.Artifact("log", "k"),
        ["succeed"] = Some.Complete(Outcome.Succeeded),
        ["fail"] = Some.Complete(Outcome.Failed),
        ["unforeseen"] = new TaskCommand.Complete(1, new() { Outcome = Outcome.Failed, Failure = new(FailureCodes.WorkerError, "It fell over.") }, Delays),
        ["give up"] = Some.Complete(Outcome.Canceled),
        ["release"] = new TaskCommand.Release(1, "stop"),
    };

    // A cell: the state afterwards and the types of the events (without "task."); "=" where nothing changes; "!" and the reason of a refusal.
    // All leases are over their time, and their number is 1; so is the time for answers.
    private const string Table = """
        command    | none           | queued                              | delayed                             | running                   | canceling              | closing                   | awaiting                            | approving                           | succeeded     | failed           | canceled
        submit     | queued: queued | =                                   | =                                   | =                         | =                      | =                         | =                                   | =                                   | =             | =                | =
        cancel     | !NotFound      | canceled: cancel_requested canceled | canceled: cancel_requested canceled | running: cancel_requested | =                      | running: cancel_requested | canceled: cancel_requested canceled | canceled: cancel_requested canceled | !Final        | !Final           | =
        retry      | !NotFound      | !NotRetriable                       | !NotRetriable                       | !NotRetriable             | !NotRetriable          | !NotRetriable             | !NotRetriable                       | !NotRetriable                       | !NotRetriable | queued: requeued | queued: requeued
        message    | !NotFound      | queued: message                     | queued: message                     | running: message          | running: message       | !NobodyReads              | queued: message requeued            | !Invalid                            | !Final        | !Final           | !Final
        approve    | !NotFound      | !NotAsked                           | !NotAsked                           | !NotAsked                 | !NotAsked              | !NobodyReads              | !NotAsked                           | queued: message requeued            | !Final        | !Final           | !Final
        claim      | !NotFound      | running: claimed                    | !NotDue                             | !NotDue                   | !NotDue                | !NotDue                   | !NotDue                             | !NotDue                             | !NotDue       | !NotDue          | !NotDue
        lapse      | !NotFound      | !NotDue                             | !NotDue                             | queued: requeued          | canceled: canceled     | queued: requeued          | !NotDue                             | !NotDue                             | !NotDue       | !NotDue          | !NotDue
        due        | !NotFound      | !NotDue                             | queued:                             | !NotDue                   | !NotDue                | !NotDue                   | !NotDue                             | !NotDue                             | !NotDue       | !NotDue          | !NotDue
        expire     | !NotFound      | !NotDue                             | !NotDue                             | !NotDue                   | !NotDue                | !NotDue                   | failed: failed                      | failed: failed                      | !NotDue       | !NotDue          | !NotDue
        unoffered  | !NotFound      | failed: failed                      | failed: failed                      | !NotDue                   | !NotDue                | !NotDue                   | !NotDue                             | !NotDue                             | !NotDue       | !NotDue          | !NotDue
        heartbeat  | !NotFound      | !LeaseLost                          | !LeaseLost                          | running:                  | running:               | running:                  | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        events     | !NotFound      | !LeaseLost                          | !LeaseLost                          | running: output output    | running: output output | running: output output    | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        checkpoint | !NotFound      | !LeaseLost                          | !LeaseLost                          | running:                  | running:               | running:                  | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        work       | !NotFound      | !LeaseLost                          | !LeaseLost                          | running:                  | running:               | running:                  | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        artifact   | !NotFound      | !LeaseLost                          | !LeaseLost                          | running:                  | running:               | running:                  | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        close      | !NotFound      | !LeaseLost                          | !LeaseLost                          | running:                  | running:               | =                         | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        succeed    | !NotFound      | !LeaseLost                          | !LeaseLost                          | succeeded: succeeded      | succeeded: succeeded   | succeeded: succeeded      | !LeaseLost                          | !LeaseLost                          | =             | !LeaseLost       | !LeaseLost
        fail       | !NotFound      | !LeaseLost                          | !LeaseLost                          | failed: failed            | canceled: canceled     | failed: failed            | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | =                | !LeaseLost
        unforeseen | !NotFound      | !LeaseLost                          | !LeaseLost                          | queued: requeued          | canceled: canceled     | queued: requeued          | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | =                | !LeaseLost
        give up    | !NotFound      | !LeaseLost                          | !LeaseLost                          | failed: failed            | canceled: canceled     | failed: failed            | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        ask        | !NotFound      | !LeaseLost                          | !LeaseLost                          | !Invalid                  | canceled: canceled     | !Invalid                  | =                                   | =                                   | !LeaseLost    | !LeaseLost       | !LeaseLost
        release    | !NotFound      | !LeaseLost                          | !LeaseLost                          | queued: requeued          | canceled: canceled     | queued: requeued          | !LeaseLost                          | !LeaseLost                          | !LeaseLost    | !LeaseLost       | !LeaseLost
        """;

    public static TheoryData<string, string, string> Situations()
    {
        var rows = Table.Split('\n').Select(line => line.Split('|', StringSplitOptions.TrimEntries)).ToList();
        var data = new TheoryData<string, string, string>();
        foreach (var row in rows.Skip(1))
        {
            for (var i = 1; i < row.Length; i++)
            {
                data.Add(row[0], rows[0][i], row[i]);
            }
        }

        return data;
    }

    [Theory]
    [MemberData(nameof(Situations))]
    public void Every_command_in_every_state(string command, string state, string expected)
    {
        var before = States[state];
        var decision = Lifecycle.Decide(before, Commands[command], Late);

        Assert.Equal(expected, decision switch
        {
            Decision.Refused refused => $"!{refused.Reason}",
            Decision.Unchanged unchanged => unchanged.State == before ? "=" : "another state",
            Decision.Changed changed => $"{TaskIndexes.StatusName(changed.State.Status)}: {string.Join(' ', changed.Events.Select(e => e.Type.Replace("task.", "", StringComparison.Ordinal)))}".Trim(),
            _ => "?",
        });
    }

    [Fact]
    public void Each_attempt_waits_longer_for_the_next_one_and_the_last_has_none()
    {
        var (task, delays, now) = (Some.Running with { MaxAttempts = 4 }, new List<TimeSpan>(), Some.Start);
        while (task.Lease is { } lease)
        {
            now = lease.ExpiresAt;
            task = task.After(new TaskCommand.Lapse(Delays), now);
            if (task.NotBefore is { } due)
            {
                delays.Add(due - now);
                Assert.Equal(Refusal.NotDue, Refused(task, new TaskCommand.Due(), due - TimeSpan.FromTicks(1)));
                Assert.Equal(Refusal.NotDue, Refused(task, new TaskCommand.Claim("w", Some.Ttl), due));
                task = task.After(new TaskCommand.Due(), due).Claimed(due);
            }
        }

        Assert.Equal((TaskStatus.Failed, FailureCodes.AttemptsExhausted), (task.Status, task.Failure!.Code));
        Assert.Collection(delays,
            first => Assert.InRange(first, Delays.First / 2, Delays.First),
            second => Assert.InRange(second, Delays.First, Delays.First * 2),
            third => Assert.InRange(third, Delays.Longest / 2, Delays.Longest));
    }

    [Fact]
    public void What_no_worker_foresees_fails_with_its_reason_when_no_attempt_is_left() => Assert.Equal(
        (TaskStatus.Failed, "It fell over."),
        (Some.Running with { MaxAttempts = 1 }).After(Commands["unforeseen"]) is var failed ? (failed.Status, failed.Failure!.Message) : default);

    [Fact]
    public void Tasks_that_were_lost_together_do_not_come_back_together()
    {
        var delays = Enumerable.Range(0, 100).Select(_ => Delays.After(Guid.NewGuid(), 1, 1).TotalMilliseconds).ToList();

        Assert.InRange(delays.Max() - delays.Min(), Delays.First.TotalMilliseconds / 3, Delays.First.TotalMilliseconds / 2);
    }

    [Fact]
    public void To_another_tenant_a_task_is_not_there_whatever_it_wants()
    {
        var task = Some.Running with { Tenant = "ours" };
        foreach (var command in (TaskCommand[])[new TaskCommand.Cancel(), new TaskCommand.Retry(), new TaskCommand.Message("hello")])
        {
            Assert.Equal(Lifecycle.Decide(null, command, Some.Start), Lifecycle.Decide(task, command with { By = "theirs" }, Some.Start));
            Assert.Equal(Lifecycle.Decide(null, command, Some.Start), Lifecycle.Decide(Some.Running, command with { By = "theirs" }, Some.Start));
            Assert.Equal($"{Lifecycle.Decide(task, command, Some.Start)}", $"{Lifecycle.Decide(task, command with { By = "ours" }, Some.Start)}");
        }
    }

    [Fact]
    public void The_table_knows_every_command() => Assert.Equal(
        typeof(TaskCommand).GetNestedTypes().Where(type => !type.IsAbstract).Select(type => type.Name).Order(),
        Commands.Values.Select(command => command.GetType().Name).Distinct().Order());

    [Fact]
    public void A_lease_within_its_time_does_not_lapse() =>
        Assert.Equal(Refusal.NotDue, Refused(Some.Running, new TaskCommand.Lapse(), Some.Start + Some.Ttl - TimeSpan.FromTicks(1)));

    [Fact]
    public void A_heartbeat_gives_the_lease_its_time_again()
    {
        var later = Some.Start + TimeSpan.FromSeconds(8);
        var task = Some.Running.After(new TaskCommand.Heartbeat(1, Some.Ttl), later);

        Assert.Equal((later, later + Some.Ttl), (task.Lease!.RenewedAt, task.Lease.ExpiresAt));
        Assert.Equal(Some.Start, task.UpdatedAt);
    }

    [Fact]
    public void A_heartbeat_by_a_clock_that_is_behind_takes_no_time_away()
    {
        var task = Some.Running.After(new TaskCommand.Heartbeat(1, Some.Ttl), Some.Start - TimeSpan.FromSeconds(5));

        Assert.Equal(Some.Running.Lease, task.Lease);
    }

    [Fact]
    public void After_the_last_attempt_the_task_fails_with_the_reason()
    {
        var task = Some.Queued;
        for (var attempt = 1; attempt <= 3; attempt++)
        {
            task = task.Claimed();
            Assert.Equal((attempt, (long)attempt), (task.Attempt, task.Fence));
            task = task.After(new TaskCommand.Lapse(), Late);
        }

        Assert.Equal((TaskStatus.Failed, FailureCodes.AttemptsExhausted, Late), (task.Status, task.Failure?.Code, task.FinishedAt));
        Assert.Equal(3, task.Attempt);
    }

    [Fact]
    public void A_lease_that_was_given_back_is_no_attempt_until_it_happens_too_often()
    {
        var task = Some.Queued;
        for (var i = 0; i < Lifecycle.FreeReleases; i++)
        {
            task = task.Claimed().After(new TaskCommand.Release(i + 1, "stop"));
            Assert.Equal((TaskStatus.Queued, 0), (task.Status, task.Attempt));
        }

        for (var attempt = 1; attempt <= 3; attempt++)
        {
            task = task.Claimed();
            task = task.After(new TaskCommand.Release(task.Fence, "stop"));
        }

        Assert.Equal((TaskStatus.Failed, FailureCodes.AttemptsExhausted), (task.Status, task.Failure?.Code));
    }

    [Theory]
    [InlineData(0, 3, "=", 3)]
    [InlineData(1, 2, "=", 3)]
    [InlineData(2, 3, "3,4", 5)]
    [InlineData(3, 1, "3", 4)]
    [InlineData(4, 1, "!EventGap", 3)]
    public void Of_three_events_received_a_batch_stores_only_what_is_new(long first, int count, string stored, long received)
    {
        var task = Some.Running.After(Some.Events(0, 3));
        var decision = Lifecycle.Decide(task, Some.Events(first, count), Some.Start);

        Assert.Equal(stored, decision switch
        {
            Decision.Changed changed => string.Join(',', changed.Events.Select(e => e.Data.GetRawText())),
            Decision.Unchanged => "=",
            Decision.Refused refused => $"!{refused.Reason}",
            _ => "?",
        });
        Assert.Equal(received, ((decision as Decision.Changed)?.State ?? task).Lease!.EventsReceived);
    }

    [Fact]
    public void The_next_lease_counts_its_events_from_the_beginning_and_numbers_go_on()
    {
        var task = Some.Running.After(Some.Events(0, 3)).After(new TaskCommand.Lapse(), Late).Claimed(Late);
        var changed = Assert.IsType<Decision.Changed>(Lifecycle.Decide(task, Some.Events(0, 1, fence: 2), Late));

        Assert.Equal((8L, 2), (changed.Events.Single().Number, changed.Events.Single().Attempt));
    }

    [Fact]
    public void The_next_attempt_goes_on_from_the_checkpoint()
    {
        var task = Some.Running
            .After(Some.Artifact("checkpoint.patch", "turn-1")).After(Some.Checkpoint(1, "checkpoint.patch"))
            .After(Some.Artifact("checkpoint.patch", "turn-2"))
            .After(new TaskCommand.Lapse(), Late);

        Assert.Equal((1, 100L), (task.Turns, task.Usage.InputTokens));
        Assert.Equal("turn-1", Assert.Single(task.Artifacts).Key);
        Assert.Equal(["turn-1"], task.ArtifactKeys().Distinct());
        Assert.Equal(0, task.SecondsUsed);
    }

    [Fact]
    public void A_checkpoint_makes_those_before_it_superfluous()
    {
        var task = Some.Running
            .After(Some.Artifact("checkpoint-1", "one")).After(Some.Checkpoint(1, "checkpoint-1"))
            .After(Some.Artifact("checkpoint-2", "two")).After(Some.Artifact("log", "log")).After(Some.Checkpoint(2, "checkpoint-2"));

        Assert.Equal(["log", "two"], task.ArtifactKeys().Distinct().Order());
    }

    [Fact]
    public void A_checkpoint_must_not_go_back() =>
        Assert.Equal(Refusal.CheckpointBehind, Refused(Some.Running.After(Some.Checkpoint(2)), Some.Checkpoint(1)));

    [Fact]
    public void A_checkpoint_names_a_patch_that_is_stored() =>
        Assert.Equal(Refusal.Invalid, Refused(Some.Running, Some.Checkpoint(1, "checkpoint-1")));

    [Fact]
    public void A_failure_needs_a_reason_and_a_success_must_have_none()
    {
        Assert.Equal(Refusal.Invalid, Refused(Some.Running, new TaskCommand.Complete(1, new() { Outcome = Outcome.Failed })));
        Assert.Equal(Refusal.Invalid, Refused(Some.Running, new TaskCommand.Complete(1, new() { Outcome = Outcome.Succeeded, Failure = new("x", "y") })));
    }

    [Fact]
    public void A_retry_begins_from_nothing_but_forgets_no_cost()
    {
        var usage = new Usage { InputTokens = 5, OutputTokens = 7, CostUsd = 0.5m };
        var failed = Some.Running.After(Some.Checkpoint(1)).After(Some.Artifact("log", "log"))
            .After(new TaskCommand.Complete(1, new() { Outcome = Outcome.Failed, Failure = new("x", "y"), Usage = usage, Turns = 4 }), Some.Start + TimeSpan.FromSeconds(5));
        Assert.Equal(5, failed.SecondsUsed);

        var task = failed.After(new TaskCommand.Retry(), Late);

        Assert.Equal((2, 0, 0, 0.0), (task.Run, task.Attempt, task.Turns, task.SecondsUsed));
        Assert.Equal((new Usage(), usage), (task.Usage, task.EarlierUsage));
        Assert.Equal((null, null, Late), (task.Failure, task.FinishedAt, task.QueuedAt));
        Assert.Empty(task.Artifacts);
        Assert.Equal(2, task.Claimed().Fence);
    }

    [Fact]
    public void A_completion_of_the_run_before_is_late()
    {
        var task = Some.Failed.After(new TaskCommand.Retry());

        Assert.Equal(Refusal.LeaseLost, Refused(task, Some.Complete(Outcome.Failed)));
        Assert.Equal(Refusal.LeaseLost, Refused(task.Claimed(), Some.Complete(Outcome.Failed)));
    }

    [Fact]
    public void The_end_leaves_nothing_between_workers()
    {
        var task = Some.Running.After(Some.Artifact("checkpoint-1", "one")).After(Some.Checkpoint(1, "checkpoint-1")).After(Some.Artifact("patch", "p"))
            .After(Some.Complete(Outcome.Succeeded));

        Assert.Equal(["p"], task.ArtifactKeys());
    }

    [Fact]
    public void A_task_waits_since_it_was_last_queued_and_keeps_its_place()
    {
        var lapsed = Some.Running.After(new TaskCommand.Lapse(), Late);
        Assert.Equal((Some.Running.QueuedAt, Late), (lapsed.QueuedAt, lapsed.RequeuedAt));

        var answered = Some.AwaitingInput.After(new TaskCommand.Message("This one."), Late);
        Assert.Equal((Some.Running.QueuedAt, Late), (answered.QueuedAt, answered.RequeuedAt));
    }

    public static TheoryData<string> EndsWithoutAWorker => ["lapse", "release", "cancel", "expire", "give up", "complete"];

    [Theory]
    [MemberData(nameof(EndsWithoutAWorker))]
    public void What_a_task_did_outlives_an_end_without_a_delivery(string end)
    {
        var task = (Some.Running with { MaxAttempts = 1, Releases = Lifecycle.FreeReleases })
            .After(Some.Artifact("checkpoint-1", "one")).After(Some.Checkpoint(1, "checkpoint-1"));
        var failure = new TaskFailure("x", "y");
        task = end switch
        {
            "lapse" => task.After(new TaskCommand.Lapse(), Late),
            "release" => task.After(new TaskCommand.Release(1, "stop")),
            "cancel" => task.After(Some.Ask()).After(new TaskCommand.Cancel()),
            "expire" => task.After(Some.Ask()).After(new TaskCommand.Expire(), Late),
            "give up" => task.After(Some.Ask()).After(new TaskCommand.Message("This one.")).After(new TaskCommand.GiveUp(failure)),
            _ => task.After(new TaskCommand.Complete(1, new() { Outcome = Outcome.Failed, Failure = failure })),
        };

        Assert.True(task.IsFinal);
        Assert.Equal(("patch", "one"), (Assert.Single(task.Artifacts).Name, task.Artifacts[0].Key));
        Assert.Equal(["one"], task.ArtifactKeys());
    }

    [Fact]
    public void The_patch_that_a_worker_stored_at_the_end_is_the_newest()
    {
        var task = Some.Running.After(Some.Artifact("checkpoint-1", "one")).After(Some.Checkpoint(1, "checkpoint-1")).After(Some.Artifact("patch", "p"))
            .After(Some.Complete(Outcome.Failed));

        Assert.Equal(["p"], task.ArtifactKeys());
    }

    [Fact]
    public void A_question_ends_the_lease_but_costs_neither_an_attempt_nor_time()
    {
        var asked = Some.Running.After(Some.Checkpoint(1)).After(Some.Ask(), Some.Start + TimeSpan.FromSeconds(5));
        var answered = asked.After(new TaskCommand.Message("This one."), Some.Start + TimeSpan.FromHours(9));
        var goesOn = answered.Claimed(Some.Start + TimeSpan.FromHours(10));

        Assert.Equal((0, 5.0, null), (asked.Attempt, asked.SecondsUsed, asked.Lease));
        Assert.Equal((1, 2L, 5.0, 1), (goesOn.Attempt, goesOn.Fence, goesOn.SecondsUsed, goesOn.Checkpoint!.Turn));
        Assert.Equal((asked.QueuedAt, null), (goesOn.QueuedAt, goesOn.Question));
    }

    [Fact]
    public void An_answer_says_what_it_answers()
    {
        var changed = Assert.IsType<Decision.Changed>(Lifecycle.Decide(Some.AwaitingApproval, new TaskCommand.Message("Go.", ApprovalDecision.Approve, "1-1-1"), Some.Start));

        Assert.Equal(new FollowUp(1, "Go.", new("1-1-1", "Which one?", ApprovalDecision.Approve)), changed.Said);
        Assert.Equal("""{"number":1,"text":"Go.","question":"1-1-1","decision":"approve"}""", changed.Events[0].Data.GetRawText());
    }

    [Theory]
    [InlineData("awaiting", null, "1-1-2", nameof(Refusal.NotAsked))]
    [InlineData("awaiting", ApprovalDecision.Approve, null, nameof(Refusal.NotAsked))]
    [InlineData("approving", null, "1-1-1", nameof(Refusal.Invalid))]
    [InlineData("approving", ApprovalDecision.Approve, "1-1-0", nameof(Refusal.NotAsked))]
    [InlineData("running", ApprovalDecision.Deny, null, nameof(Refusal.NotAsked))]
    [InlineData("running", null, "1-1-1", nameof(Refusal.NotAsked))]
    public void An_answer_to_something_else_is_refused(string state, ApprovalDecision? decision, string? question, string refusal) =>
        Assert.Equal(refusal, $"{Refused(States[state]!, new TaskCommand.Message("x", decision, question))}");

    [Fact]
    public void A_message_that_comes_before_the_question_is_stored_is_read_before_anybody_is_asked()
    {
        var running = Some.Running.After(Some.Checkpoint(1)).After(new TaskCommand.Message("By the way."));
        var changed = Assert.IsType<Decision.Changed>(Lifecycle.Decide(running, Some.Ask(), Some.Start));

        Assert.Equal((TaskStatus.Queued, null, 0), (changed.State.Status, changed.State.Question, changed.State.Attempt));
        Assert.Equal([EventTypes.TaskAwaitingInput, EventTypes.TaskRequeued], changed.Events.Select(e => e.Type));

        // An approval is another matter: what was said before is no decision.
        var approving = running.After(Some.Ask(approval: new("run", "git push", "run:git push*")));
        Assert.Equal(TaskStatus.AwaitingInput, approving.Status);

        // What the agent has seen is no news.
        var seen = Some.Running.After(new TaskCommand.Message("By the way.")).After(Some.Checkpoint(1, messagesSeen: 1)).After(Some.Ask());
        Assert.Equal(TaskStatus.AwaitingInput, seen.Status);
    }

    [Fact]
    public void A_question_that_is_sent_again_is_answered_as_before()
    {
        var asked = Some.AwaitingInput;
        var answered = asked.After(new TaskCommand.Message("This one."));

        Assert.All([asked, answered, answered.Claimed()], task => Assert.IsType<Decision.Unchanged>(Lifecycle.Decide(task, Some.Ask(), Some.Start)));
    }

    [Fact]
    public void Nobody_answers_and_the_task_fails_plainly()
    {
        var inTime = Some.Start + TimeSpan.FromMinutes(4320) - TimeSpan.FromTicks(1);
        Assert.Equal(Refusal.NotDue, Refused(Some.AwaitingInput, new TaskCommand.Expire(), inTime));

        var failed = Some.AwaitingInput.After(new TaskCommand.Expire(), Late);
        Assert.Equal(new(FailureCodes.NoAnswer, "Nobody answered within 4320 minutes (limits.waitMinutes). The task had asked: Which one?"), failed.Failure);
        Assert.Null(failed.Question);
        Assert.Equal(TaskStatus.Queued, failed.After(new TaskCommand.Retry(), Late).Status);
    }

    [Fact]
    public void A_task_succeeds_only_when_all_messages_were_seen()
    {
        var told = Some.Running.After(new TaskCommand.Message("And that."));
        Assert.Equal(Refusal.MessagesUnread, Refused(told, Some.Complete(Outcome.Succeeded)));
        Assert.Equal(Refusal.MessagesUnread, Refused(told, new TaskCommand.Close(1, 0)));

        Assert.Equal(TaskStatus.Succeeded, told.After(Some.Checkpoint(1, messagesSeen: 1)).After(Some.Complete(Outcome.Succeeded)).Status);
        Assert.Equal(TaskStatus.Succeeded, told.After(new TaskCommand.Close(1, 1)).After(Some.Complete(Outcome.Succeeded)).Status);
        Assert.Equal(TaskStatus.Failed, told.After(Some.Complete(Outcome.Failed)).Status);
    }

    [Fact]
    public void A_worker_lost_in_the_delivery_lets_people_speak_again()
    {
        var requeued = Some.Closing.After(new TaskCommand.Lapse(), Late);

        Assert.Equal(1, requeued.After(new TaskCommand.Message("And that.")).Messages);
    }

    [Fact]
    public void A_script_reads_no_messages()
    {
        var script = Some.Running with { Agent = AgentNames.Command };

        Assert.Equal(Refusal.NobodyReads, Refused(script, new TaskCommand.Message("x")));
    }

    private static Refusal Refused(TaskState task, TaskCommand command, DateTimeOffset? at = null) =>
        Assert.IsType<Decision.Refused>(Lifecycle.Decide(task, command, at ?? Some.Start)).Reason;
}
