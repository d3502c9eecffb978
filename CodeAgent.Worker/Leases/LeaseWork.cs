using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>The work of a lease: workspace, agent, checks, delivery.</summary>
internal sealed class LeaseWork(Lease lease, LeaseServices services, LeaseApi api, LeaseKeeper keeper, EventQueue events, TaskFolder folder, DateTimeOffset deadline)
{
    private Workspace? _workspace;
    private LeaseSession? _session;

    /// <summary>Does it.</summary>
    /// <exception cref="TaskFailedException">It cannot be done, for a reason that the submitter should read.</exception>
    public async Task<CompleteRequest> RunAsync(CancellationToken cancellationToken)
    {
        var agent = services.Agents.FirstOrDefault(agent => agent.Name == lease.Request.Agent.Name)
            ?? throw new TaskFailedException(FailureCodes.AgentUnavailable, $"This worker has no agent '{lease.Request.Agent.Name}'.");
        var workspace = await OpenAsync(cancellationToken);
        using var board = new WorkBoard(api, lease.Work);
        var session = new LeaseSession(lease, api, keeper, events, board, workspace, deadline);
        (_workspace, _session) = (workspace, session);
        var order = new SandboxOrder(lease, folder, [Path.Combine(workspace.Base.Folder, "objects")], session.NoteAsync);
        await using var sandbox = await services.Sandboxes.OpenAsync(order, cancellationToken);
        await board.SandboxAsync(sandbox.Kind, cancellationToken);
        var attempt = new Attempt(lease, agent, workspace, sandbox, session, services.Checks,
            (summary, finishedAt, token) => DeliverAsync(workspace, session, summary, finishedAt, token), services.Time);
        return await attempt.RunAsync(cancellationToken);
    }

    /// <summary>The end of work that did not come to its own end.</summary>
    public CompleteRequest Failed(TaskFailure failure) => new()
    {
        Outcome = Outcome.Failed,
        Failure = failure,
        Turns = _session?.Turn ?? lease.Checkpoint?.Turn ?? 0,
        Usage = _session?.Usage ?? lease.Usage,
    };

    /// <summary>Stores what was done so far as the task's patch, if there is a workspace.</summary>
    public async Task UploadPatchAsync(CancellationToken cancellationToken)
    {
        if (_workspace is not null && _session is not null)
        {
            await UploadPatchAsync(_workspace, await _session.SoFarAsync(cancellationToken), cancellationToken);
        }
    }

    private async Task<Workspace> OpenAsync(CancellationToken cancellationToken)
    {
        using var activity = CodeAgentTelemetry.Source.StartActivity("workspace");
        var start = services.Time.GetTimestamp();
        var workspace = await services.Workspaces.OpenAsync(lease, folder, cancellationToken);
        if (lease.Checkpoint?.Patch is { } patch)
        {
            var file = Path.Combine(folder.Root, "restore.patch");
            await api.DownloadAsync(patch, file, cancellationToken);
            await workspace.RestoreAsync(file, cancellationToken);
        }

        await events.ReportAsync(EventTypes.WorkspaceReady, new WorkspaceReady(
            workspace.Base.Commit, lease.Checkpoint?.Turn, (long)services.Time.GetElapsedTime(start).TotalMilliseconds), cancellationToken);
        return workspace;
    }

    private async Task<Delivery> DeliverAsync(Workspace workspace, LeaseSession session, string? summary, DateTimeOffset finishedAt, CancellationToken cancellationToken)
    {
        using var activity = CodeAgentTelemetry.Source.StartActivity("deliver");
        var tree = await session.TreeAsync(cancellationToken);
        await UploadPatchAsync(workspace, tree, cancellationToken);
        var order = new DeliveryOrder(lease.TaskId, lease.Request.Delivery, lease.Request.Prompt, summary, finishedAt);
        var delivery = await services.Deliverer.DeliverAsync(workspace, tree, order, () => keeper.ConfirmAsync(cancellationToken), cancellationToken);
        await session.ReportAsync(EventTypes.DeliveryFinished, delivery, cancellationToken);
        return delivery;
    }

    private async Task UploadPatchAsync(Workspace workspace, string tree, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder.Root, "patch");
        await workspace.WritePatchAsync(tree, file, cancellationToken);
        await api.UploadAsync("patch", "text/x-patch", file, cancellationToken);
    }

    private sealed record WorkspaceReady(
        string BaseCommit, [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] int? RestoredTurn, long Milliseconds);
}
