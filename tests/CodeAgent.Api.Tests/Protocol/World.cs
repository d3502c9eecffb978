using System.Globalization;
using System.Text;
using System.Text.Json;
using CodeAgent.Api.Tasks;
using CodeAgent.Api.Tests.Tasks;
using CodeAgent.Contracts;
using CodeAgent.Testing.Books;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Protocol;

/// <summary>
/// Some tasks in a Redis, and what the model says that they are. The moves of a round go to their instances at the same time;
/// there must be an order of them in which the model gives the same answers and ends with the same tasks.
/// </summary>
internal sealed class World(IReadOnlyList<Instance> instances, IConnectionMultiplexer redis)
{
    private readonly Guid[] _ids = [.. Enumerable.Range(0, Instance.Tasks).Select(_ => Guid.CreateVersion7(Some.Start))];
    private readonly ModelTask[] _known = [.. Enumerable.Range(0, Instance.Tasks).Select(_ => new ModelTask())];
    private readonly HashSet<(Guid Task, long Fence)> _leases = [];
    private readonly StringBuilder _story = new();

    /// <summary>What was done to one task; no answer where it may as well not have been done.</summary>
    private sealed record Deed(TaskCommand Command, DateTimeOffset At, string? Answer);

    /// <summary>Carries the rounds out, and looks after each whether all is as it should be.</summary>
    public async Task PlayAsync(IEnumerable<Move[]> rounds)
    {
        foreach (var instance in instances)
        {
            instance.Clock.Now = Some.Start;
        }

        foreach (var round in rounds)
        {
            foreach (var move in round)
            {
                instances[move.Actor].Clock.Now += TimeSpan.FromSeconds(move.Jump);
            }

            var deeds = await Task.WhenAll(round.Select(move => Act(move, isAlone: round.Length == 1)));
            _story.AppendLine(CultureInfo.InvariantCulture, $"{string.Join(" | ", round.Select(move => $"{move.Act} of {move.Task} by {move.Actor} at {instances[move.Actor].Clock.Now:dd HH:mm:ss}"))}");
            await CheckAsync(deeds.SelectMany(deed => deed).ToLookup(deed => deed.Task, deed => deed.Deed));
        }
    }

    private async Task<IReadOnlyList<(int Task, Deed Deed)>> Act(Move move, bool isAlone)
    {
        var (instance, now) = (instances[move.Actor], instances[move.Actor].Clock.Now);
        if (move.Act == Protocol.Act.Claim)
        {
            return await ClaimAsync(instance, isAlone);
        }

        if (move.Act == Protocol.Act.Sweep)
        {
            await instance.SweepAsync();
            return [.. Enumerable.Range(0, Instance.Tasks).SelectMany(task => Swept(_known[task], now, isAlone).Select(deed => (task, deed)))];
        }

        var command = move.Command(_ids[move.Task], _known[move.Task]);
        var decision = await instance.Store.ChangeAsync(_ids[move.Task], command, (commit, state) =>
        {
            if (command is TaskCommand.StoreCheckpoint stored)
            {
                commit.Do("SET", TaskKeys.Checkpoint(state.Id), JsonSerializer.Serialize(stored.Checkpoint, ContractsJson.Default.Checkpoint));
            }
        });
        return [(move.Task, new(command, now, decision switch
        {
            Decision.Refused refused => $"{refused.Reason}",
            Decision.Changed => Model.Done,
            _ => Model.Same,
        }))];
    }

    private async Task<IReadOnlyList<(int Task, Deed Deed)>> ClaimAsync(Instance instance, bool isAlone)
    {
        if (await instance.ClaimAsync() is not { } lease)
        {
            // In company, another may have had the last one, or may have brought one a moment too late.
            Expect(!isAlone || !_known.Any(task => task is { Status: TaskStatus.Queued, Until: null }), "a claim found nothing, though a task is queued");
            return [];
        }

        lock (_leases)
        {
            Expect(_leases.Add((lease.TaskId, lease.Fence)), $"the lease {lease.Fence} of {lease.TaskId} was given twice");
        }

        return [(Array.IndexOf(_ids, lease.TaskId), new(new TaskCommand.Claim("w", Some.Ttl), instance.Clock.Now, Model.Done))];
    }

    // A sweep alone finds all that is due. In company it may come before or after the change that makes something due, or no more.
    private static IEnumerable<Deed> Swept(ModelTask task, DateTimeOffset now, bool isAlone) => isAlone
        ? task.Status is TaskStatus.Running && task.Until <= now ? [new(new TaskCommand.Lapse(Instance.Delays), now, Model.Done)]
            : task.Status is TaskStatus.Queued && task.Until <= now ? [new(new TaskCommand.Due(), now, Model.Done)]
            : task.Status is TaskStatus.AwaitingInput && task.Until <= now ? [new(new TaskCommand.Expire(), now, Model.Done)]
            : []
        : [new(new TaskCommand.Lapse(Instance.Delays), now, null), new(new TaskCommand.Expire(), now, null), new(new TaskCommand.Due(), now, null)];

    private async Task CheckAsync(ILookup<int, Deed> deeds)
    {
        for (var task = 0; task < Instance.Tasks; task++)
        {
            var real = ModelTask.Of(await instances[0].Store.FindAsync(_ids[task]));
            var all = deeds[task].ToList();
            Expect(Fits(_known[task], all, real),
                $"no order of {string.Join(", ", all.Select(deed => $"{deed.Command} at {deed.At:HH:mm:ss} ({deed.Answer ?? "perhaps"})"))} makes of {_known[task]} the task that there is, {real}");
            Expect(real.Fence >= _known[task].Fence, "a fencing number went back");
            _known[task] = real;
        }

        var wrong = await TaskBooks.CheckAsync(redis);
        Expect(wrong.Count == 0, string.Join("; ", wrong));
    }

    private static bool Fits(ModelTask task, List<Deed> left, ModelTask real) => (left.All(deed => deed.Answer is null) && task == real)
        || left.Any(deed => Model.Apply(task, deed.Command, deed.At) is var (answer, next) && (deed.Answer is null || deed.Answer == answer)
            && Fits(next, [.. left.Where(other => other != deed)], real));

    private void Expect(bool fact, string what) => Assert.True(fact, $"{what}\nafter\n{_story}");
}
