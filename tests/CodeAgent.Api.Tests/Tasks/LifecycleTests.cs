using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tests.Tasks;

public sealed class LifecycleTests
{
    private static readonly DateTimeOffset Late = Some.Start + Some.Ttl + TimeSpan.FromSeconds(1);

    private static readonly Dictionary<string, TaskState?> States = new()
    {
        ["none"] = null,
        ["queued"] = Some.Queued,
        ["running"] = Some.Running,
        ["canceling"] = Some.Canceling,
        ["awaiting"] = Some.AwaitingInput,
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
        ["claim"] = new TaskCommand.Claim("w", Some.Ttl),
        ["lapse"] = new TaskCommand.Lapse(),
        ["unoffered"] = new TaskCommand.GiveUp(new(FailureCodes.AgentUnavailable, "Nobody offers it.")),
        ["heartbeat"] = new TaskCommand.Heartbeat(1, Some.Ttl),
        ["events"] = Some.Events(0, 2),
        ["checkpoint"] = Some.Checkpoint(1),
        ["artifact"] = Some.Artifact("log", "k"),
        ["succeed"] = Some.Complete(Outcome.Succeeded),
        ["fail"] = Some.Complete(Outcome.Failed),
        ["give up"] = Some.Complete(Outcome.Canceled),
        ["release"] = new TaskCommand.Release(1, "stop"),
    };

    // A cell: the state afterwards and the types of the events (without "task."); "=" where nothing changes; "!" and the reason of a refusal.
    // All leases are over their time, and their number is 1.
    private const string Table = """
        command    | none            | queued                              | running                      | canceling              | awaiting                            | succeeded        | failed           | canceled
        submit     | queued: queued  | =                                   | =                            | =                      | =                                   | =                | =                | =
        cancel     | !NotFound       | canceled: cancel_requested canceled | running: cancel_requested    | =                      | canceled: cancel_requested canceled | !Final           | !Final           | =
        retry      | !NotFound       | !NotRetriable                       | !NotRetriable                | !NotRetriable          | !NotRetriable                       | !NotRetriable    | queued: requeued | queued: requeued
        message    | !NotFound       | queued: message                     | running: message             | running: message       | queued: message requeued            | !Final           | !Final           | !Final
        claim      | !NotFound       | running: claimed                    | !NotDue                      | !NotDue                | !NotDue                             | !NotDue          | !NotDue          | !NotDue
        lapse      | !NotFound       | !NotDue                             | queued: requeued             | canceled: canceled     | !NotDue                             | !NotDue          | !NotDue          | !NotDue
        unoffered  | !NotFound       | failed: failed                      | !NotDue                      | !NotDue                | !NotDue                             | !NotDue          | !NotDue          | !NotDue
        heartbeat  | !NotFound       | !LeaseLost                          | running:                     | running:               | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
        events     | !NotFound       | !LeaseLost                          | running: output output       | running: output output | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
        checkpoint | !NotFound       | !LeaseLost                          | running:                     | running:               | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
        artifact   | !NotFound       | !LeaseLost                          | running:                     | running:               | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
        succeed    | !NotFound       | !LeaseLost                          | succeeded: succeeded         | succeeded: succeeded   | !LeaseLost                          | =                | !LeaseLost       | !LeaseLost
        fail       | !NotFound       | !LeaseLost                          | failed: failed               | canceled: canceled     | !LeaseLost                          | !LeaseLost       | =                | !LeaseLost
        give up    | !NotFound       | !LeaseLost                          | failed: failed               | canceled: canceled     | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
        release    | !NotFound       | !LeaseLost                          | queued: requeued             | canceled: canceled     | !LeaseLost                          | !LeaseLost       | !LeaseLost       | !LeaseLost
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

    private static Refusal Refused(TaskState task, TaskCommand command, DateTimeOffset? at = null) =>
        Assert.IsType<Decision.Refused>(Lifecycle.Decide(task, command, at ?? Some.Start)).Reason;
}
