using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using FsCheck;
using FsCheck.Fluent;
using Outcome = CodeAgent.Contracts.Outcome;

namespace CodeAgent.Api.Tests.Tasks;

/// <summary>What holds for a task whatever is done to it, in whatever order, by workers who are late as well as by those who are not.</summary>
public sealed class LifecycleProperties
{
    private sealed record Step(int Kind, int Fence, int Number, int Seconds)
    {
        public TaskCommand Command(TaskState? task)
        {
            // Mostly the lease that holds, sometimes one before it.
            var fence = (task?.Fence ?? 0) - (Fence < 8 ? 0 : 1);
            return Kind switch
            {
                0 => Some.Submit,
                1 => new TaskCommand.Cancel(),
                2 => new TaskCommand.Retry(),
                3 => new TaskCommand.Message("m"),
                4 => new TaskCommand.Heartbeat(fence, Some.Ttl),
                5 or 6 => Some.Events(Math.Max(0, (task?.Lease?.EventsReceived ?? 0) + (Number % 5) - 3), 1 + (Number % 4), fence),
                7 => Some.Checkpoint(Math.Max(1, (task?.Turns ?? 0) + (Number % 3) - 1), Number % 2 == 0 ? null : "checkpoint-1", fence, Number % 5),
                8 => Some.Artifact(Number % 2 == 0 ? "log" : "checkpoint-1", $"key-{Number}", fence),
                9 => Some.Complete((Outcome)(Number % 3), fence),
                10 or 11 => new TaskCommand.Release(fence, "r"),
                12 => new TaskCommand.Lapse(),
                13 => new TaskCommand.Lapse(new(TimeSpan.FromSeconds(4), TimeSpan.FromMinutes(1))),
                24 => new TaskCommand.Due(),
                19 => Some.Ask($"q{Number}", Number % 2 == 0 ? null : new("run", "git push", "run:git push*"), fence),
                20 => new TaskCommand.Close(fence, Math.Max(0, (task?.Messages ?? 0) + (Number % 3) - 1)),
                21 => new TaskCommand.Message("", Number % 2 == 0 ? ApprovalDecision.Approve : ApprovalDecision.Deny, Number % 3 == 0 ? task?.Question?.Id : null),
                22 => new TaskCommand.Expire(),
                23 => new TaskCommand.GiveUp(new(FailureCodes.AgentUnavailable, "r")),
                _ => new TaskCommand.Claim("w", Some.Ttl),
            };
        }
    }

    private static readonly Gen<Step> Steps =
        from kind in Gen.Choose(0, 26)
        from fence in Gen.Choose(0, 9)
        from number in Gen.Choose(0, 99)
        from seconds in Gen.Frequency((20, Gen.Choose(0, 6)), (1, Gen.Constant(5 * 24 * 60 * 60)))
        select new Step(kind, fence, number, seconds);

    [Fact]
    public void No_sequence_of_commands_breaks_a_rule() =>
        Prop.ForAll(Steps.ListOf().ToArbitrary(), steps =>
        {
            var now = Some.Start;
            TaskState? task = null;
            var log = new List<TaskEvent>();
            foreach (var step in steps)
            {
                now += TimeSpan.FromSeconds(step.Seconds);
                var command = step.Command(task);
                if (Lifecycle.Decide(task, command, now) is Decision.Changed changed)
                {
                    CheckStep(task, command, changed);
                    log.AddRange(changed.Events);
                    task = changed.State;
                }
            }

            CheckLog(task, log);
        }).Check(Config.QuickThrowOnFailure.WithMaxTest(2_000).WithEndSize(120));

    private static void CheckStep(TaskState? before, TaskCommand command, Decision.Changed changed)
    {
        var after = changed.State;
        Assert.Equal(after.Status == TaskStatus.Running, after.Lease is not null);
        Assert.Equal(after.IsFinal, after.FinishedAt is not null);
        Assert.Equal(after.Status == TaskStatus.Failed, after.Failure is not null);
        Assert.InRange(after.Attempt, 0, after.MaxAttempts);
        Assert.True(after.SecondsUsed >= 0);
        Assert.Equal(after.Status == TaskStatus.AwaitingInput, after.Question is not null);
        Assert.True(!after.Closing || after.Lease is not null, "nobody delivers, but messages are refused");
        Assert.InRange(after.MessagesSeen, 0, after.Messages);
        Assert.True(after.Status != TaskStatus.Succeeded || after.MessagesSeen == after.Messages, "a message was read by nobody");
        if (before is null)
        {
            Assert.IsType<TaskCommand.Submit>(command);
            return;
        }

        Assert.Equal(before.Fence + (command is TaskCommand.Claim ? 1 : 0), after.Fence);
        Assert.True(!before.IsFinal || command is TaskCommand.Retry, $"{command} changed a final task");
        Assert.True(command is not TaskCommand.UnderLease held || (before.Lease is not null && held.Fence == before.Fence), $"{command} under a lease that is over");
        Assert.True(before.Lease is null || command is not TaskCommand.Claim, "a second lease");
        Assert.Equal(before.Run + (command is TaskCommand.Retry ? 1 : 0), after.Run);
        Assert.Equal(before.Messages + (command is TaskCommand.Message ? 1 : 0), after.Messages);
        Assert.Equal(command is TaskCommand.Message ? after.Messages : null, changed.Said?.Number);
        Assert.True(before.Lease is not null || before.Run != after.Run || before.SecondsUsed == after.SecondsUsed, "waiting was counted");
        Assert.True(before.Run != after.Run || after.Turns >= before.Turns, "turns were lost");
        Assert.True(after.Checkpoint?.Patch is not { } patch || after.ArtifactKeys().Contains(patch.Key), "the checkpoint's patch was lost");
    }

    private static void CheckLog(TaskState? task, List<TaskEvent> log)
    {
        Assert.Equal(task?.LastEvent ?? 0, log.Count);
        Assert.Equal(Enumerable.Range(1, log.Count).Select(number => (long)number), log.Select(e => e.Number));
        var claims = log.Count(e => e.Type == EventTypes.TaskClaimed);
        Assert.Equal(task?.Fence ?? 0, claims);

        // Each run ends once.
        var ends = log.Count(e => e.Type is EventTypes.TaskSucceeded or EventTypes.TaskFailed or EventTypes.TaskCanceled);
        Assert.Equal(task is null ? 0 : task.Run - (task.IsFinal ? 0 : 1), ends);
    }
}
