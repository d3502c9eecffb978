using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using FsCheck;
using FsCheck.Fluent;
using Outcome = CodeAgent.Contracts.Outcome;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>What somebody does.</summary>
internal enum Act
{
    Submit,
    Claim,
    Sweep,
    Heartbeat,
    Append,
    Checkpoint,
    Artifact,
    Close,
    Complete,
    Ask,
    Release,
    Message,
    Cancel,
    Retry,
}

/// <summary>One thing that one instance is asked to do.</summary>
/// <param name="Actor">Which instance.</param>
/// <param name="Task">Which task; of no meaning for claims and sweeps.</param>
/// <param name="Act">What.</param>
/// <param name="Late">Which lease it is under: 0 the newest, 1 the one before.</param>
/// <param name="Number">Decides what is left open.</param>
/// <param name="Jump">Seconds that the instance's clock goes before, back where it is negative.</param>
internal sealed record Move(int Actor, int Task, Act Act, int Late, int Number, int Jump)
{
    private const string TraceParent = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";

    private static readonly Gen<Move> One =
        from actor in Gen.Choose(0, Instance.Count - 1)
        from task in Gen.Choose(0, Instance.Tasks - 1)
        from act in Gen.Frequency([.. Weights.Select(weight => (weight.Value, Gen.Constant(weight.Key)))])
        from late in Gen.Frequency((7, Gen.Constant(0)), (1, Gen.Constant(1)))
        from number in Gen.Choose(0, 99)
        from jump in Gen.Frequency((30, Gen.Choose(0, 3)), (3, Gen.Choose(8, 15)), (1, Gen.Constant(-30)), (1, Gen.Constant(3600)), (1, Gen.Constant(31 * 24 * 3600)))
        select new Move(actor, task, act, late, number, jump);

    /// <summary>Rounds of one to three moves; those of a round meet.</summary>
    public static Gen<Move[][]> Rounds { get; } =
        Gen.Frequency((3, One.ArrayOf(1)), (2, One.ArrayOf(2)), (2, One.ArrayOf(3)), (1, One.Select(move => new[] { move, move with { Actor = (move.Actor + 1) % Instance.Count } })))
            .ArrayOf();

    // Claims and what keeps a task in a worker's hands are frequent, so that sequences get far.
    private static Dictionary<Act, int> Weights => new()
    {
        [Act.Submit] = 3,
        [Act.Claim] = 8,
        [Act.Sweep] = 3,
        [Act.Heartbeat] = 3,
        [Act.Append] = 5,
        [Act.Checkpoint] = 4,
        [Act.Artifact] = 1,
        [Act.Close] = 1,
        [Act.Complete] = 2,
        [Act.Ask] = 2,
        [Act.Release] = 2,
        [Act.Message] = 2,
        [Act.Cancel] = 1,
        [Act.Retry] = 2,
    };

    /// <summary>The command, as somebody gives it who knows the task as it is before the round.</summary>
    public TaskCommand Command(Guid id, ModelTask known)
    {
        var fence = Math.Max(0, known.Fence - Late);
        return Act switch
        {
            Act.Submit => Some.Submit with { Id = id, MaxAttempts = Model.MostAttempts, TraceParent = TraceParent, Request = Some.Submit.Request with { Labels = new Dictionary<string, string> { ["a"] = "b" } } },
            Act.Heartbeat => new TaskCommand.Heartbeat(fence, Some.Ttl),
            Act.Append => Some.Events(Math.Max(0, known.Received + (Number % 5) - 3), 1 + (Number % 4), fence),
            Act.Checkpoint => Some.Checkpoint(Math.Max(0, known.Turn + (Number % 3) - 1), fence: fence, messagesSeen: known.Messages + (Number % 4) - 2),
            Act.Artifact => Some.Artifact("log", $"{id:D}/{Number}-log", fence),
            Act.Close => new TaskCommand.Close(fence, Math.Max(0, known.Messages + (Number % 4) - 1)),
            Act.Complete => Some.Complete((Outcome)(Number % 3), fence),
            Act.Ask => Some.Ask($"q{Number}", fence: fence),
            Act.Release => new TaskCommand.Release(fence, "r"),
            Act.Message => new TaskCommand.Message("m"),
            Act.Cancel => new TaskCommand.Cancel(),
            Act.Retry => new TaskCommand.Retry(),
            _ => throw new InvalidOperationException($"{Act} is for no one task."),
        };
    }
}
