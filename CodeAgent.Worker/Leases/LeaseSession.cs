using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>What an attempt reports and stores.</summary>
internal sealed class LeaseSession(Lease lease, LeaseApi api, LeaseKeeper keeper, EventQueue events, WorkBoard board, Workspace workspace, DateTimeOffset deadline) : IAgentSession
{
    private string? _patch = lease.Checkpoint?.Patch;
    private string? _tree;
    private bool _working;

    public DateTimeOffset Deadline => deadline;

    /// <summary>How far the pipeline is, for the next checkpoints.</summary>
    public PipelineProgress? Progress { get; set; }

    /// <summary>Whether what the agent does to the files is no work: of one that only judges.</summary>
    public bool DropsChanges { get; set; }

    /// <summary>The turn of the last checkpoint.</summary>
    public int Turn { get; private set; } = lease.Checkpoint?.Turn ?? 0;

    /// <summary>What the run used up to the last checkpoint.</summary>
    public Usage Usage { get; private set; } = lease.Usage;

    public ValueTask ReportAsync(string type, object data, CancellationToken cancellationToken) =>
        events.ReportAsync(type, data, cancellationToken);

    public Task NoteAsync(string note, CancellationToken cancellationToken) => board.NoteAsync(note, cancellationToken);

    public async Task CheckpointAsync(int turn, JsonElement state, int messagesSeen, Usage usage, CancellationToken cancellationToken)
    {
        var over = turn > Turn;
        await StoreAsync(turn, new() { Agent = state, Progress = Progress }, messagesSeen, usage, cancellationToken);
        if (over)
        {
            await ReportAsync(EventTypes.TurnFinished, new { turn }, cancellationToken);
            keeper.TurnIsOver();
        }
    }

    /// <summary>Stores that the agent is done, so that the next attempt begins with the checks.</summary>
    public async Task FinishAsync(AgentResult result, DateTimeOffset finishedAt, CancellationToken cancellationToken)
    {
        var state = new CheckpointState
        {
            Agent = result.State,
            FinishedAt = finishedAt,
            Summary = result.Summary,
            Verdict = result.Verdict,
            Reasons = result.Reasons,
            Progress = Progress,
        };
        await StoreAsync(Math.Max(1, result.Turn), state, result.MessagesSeen, result.Usage, cancellationToken);
        _working = false;
        keeper.TurnIsOver();
    }

    /// <summary>Says that an agent works on the files from now on.</summary>
    public void Begin() => _working = true;

    /// <summary>Stores what there is of the agent's work with <see cref="Progress"/> and nothing of the agent: the next attempt begins a step.</summary>
    public async Task StoreProgressAsync(AgentResult result, CancellationToken cancellationToken)
    {
        await StoreAsync(Math.Max(Turn, result.Turn), new() { Progress = Progress }, result.MessagesSeen, result.Usage, cancellationToken);
        _working = false;
    }

    /// <summary>The tree of the last checkpoint: the agent's work, without what the checks may have added since.</summary>
    public async Task<string> TreeAsync(CancellationToken cancellationToken) => _tree ??= await workspace.RestoredTreeAsync(cancellationToken);

    /// <summary>The tree of what there is of the agent's work: the files as they are while an agent works on them, otherwise as above.</summary>
    public Task<string> SoFarAsync(CancellationToken cancellationToken) => _working && !DropsChanges ? workspace.SnapshotAsync(cancellationToken) : TreeAsync(cancellationToken);

    /// <summary>Says that the agent is done with all messages up to this one, so that no more are taken. False where there are others; they are here then.</summary>
    public async Task<bool> CloseAsync(int messagesSeen, CancellationToken cancellationToken)
    {
        if (await api.CloseAsync(new() { MessagesSeen = messagesSeen }, cancellationToken))
        {
            return true;
        }

        await RefreshAsync(cancellationToken);
        return false;
    }

    /// <summary>Asks now for messages.</summary>
    public Task RefreshAsync(CancellationToken cancellationToken) => keeper.ConfirmAsync(cancellationToken);

    public IReadOnlyList<FollowUp> MessagesAfter(int after) => [.. keeper.Messages.Where(message => message.Number > after)];

    private async Task StoreAsync(int turn, CheckpointState state, int messagesSeen, Usage usage, CancellationToken cancellationToken)
    {
        // What checks leave lying about is no work.
        if (_working && !DropsChanges)
        {
            await StorePatchAsync(turn, cancellationToken);
        }

        // What led up to a checkpoint is never told again: it has to be stored before.
        await events.FlushAsync(cancellationToken);
        await api.CheckpointAsync(new()
        {
            Turn = turn,
            State = state.ToJson(),
            BaseCommit = workspace.Base.Commit,
            Patch = _patch,
            MessagesSeen = messagesSeen,
            Usage = usage,
        }, cancellationToken);
        (Turn, Usage) = (turn, usage);
    }

    private async Task StorePatchAsync(int turn, CancellationToken cancellationToken)
    {
        var tree = await workspace.SnapshotAsync(cancellationToken);
        if (tree == await TreeAsync(cancellationToken))
        {
            return;
        }

        string? name = null;
        if (tree != await workspace.BaseTreeAsync(cancellationToken))
        {
            name = $"checkpoint-{turn}.patch";
            var file = Path.Combine(workspace.Folder.Root, name);
            await workspace.WritePatchAsync(tree, file, cancellationToken);
            await api.UploadAsync(name, "text/x-patch", file, cancellationToken);
            File.Delete(file);
        }

        (_patch, _tree) = (name, tree);
    }
}
