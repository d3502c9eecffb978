using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Telemetry;
using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Approvals;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Reports;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>The work of a lease: workspace, agent, checks, delivery.</summary>
internal sealed class LeaseWork(Lease lease, LeaseServices services, LeaseApi api, LeaseKeeper keeper, EventQueue events, TaskFolder folder, DateTimeOffset deadline)
{
    private Workspace? _workspace;
    private LeaseSession? _session;
    private CollectedResults? _results;
    private DateTimeOffset _ready;

    /// <summary>Does it.</summary>
    /// <exception cref="TaskFailedException">It cannot be done, for a reason that the submitter should read.</exception>
    public async Task<CompleteRequest> RunAsync(CancellationToken cancellationToken)
    {
        IEnumerable<string> needed = lease.Steps.Count == 0 ? [lease.Request.Agent.Name] : lease.Steps.Where(step => step.Prompt is not null).Select(step => step.Agent.Name);
        var agents = needed.Distinct().ToDictionary(name => name, Agent);
        var workspace = await OpenAsync(cancellationToken);
        using var board = new WorkBoard(api, lease.Work);
        var session = new LeaseSession(lease, api, keeper, events, board, workspace, deadline);
        (_workspace, _session) = (workspace, session);
        await services.Deliverer.RequirePushAsync(workspace, OrderOf(null, default), mayExist: lease.Checkpoint is not null, cancellationToken);
        var order = new SandboxOrder(lease, folder, [Path.Combine(workspace.Base.Folder, "objects")], [.. agents.Values.Select(agent => agent.Program).OfType<string>()], session.NoteAsync)
        {
            DependencyCaches = services.Options().Disk.DependencyCaches is { Length: > 0 } caches ? caches : null,
        };
        await using var sandbox = await services.Sandboxes.OpenAsync(order, cancellationToken);
        await board.SandboxAsync(sandbox.Kind, cancellationToken);
        var approvals = ApprovalPolicy.Of(services.Options().Approvals.ToRules(), lease.Request.Approvals);
        foreach (var name in agents.Keys.Where(name => approvals.HasRules && name != AgentNames.Builtin))
        {
            await board.NoteAsync($"The worker's rules (approvals in config/worker.yaml) do not bind the agent {name}, which runs programs of its own.", cancellationToken);
        }

        var place = new StepPlace(workspace, sandbox, approvals, session, services.Checks, services.Time);
        var attempt = new Attempt(lease, name => agents[name], place, board,
            (summary, finishedAt, token) => DeliverAsync(workspace, session, summary, finishedAt, token));
        var end = await attempt.RunAsync(cancellationToken);
        if (end is { Outcome: Outcome.Failed, Checks.Count: > 0 })
        {
            await CollectAsync(workspace, cancellationToken);
        }

        return end with { Tests = _results?.Tests };
    }

    private IAgent Agent(string name) => services.Agents.FirstOrDefault(agent => agent.Name == name)
        ?? throw new TaskFailedException(FailureCodes.AgentUnavailable, $"This worker has no agent '{name}'.");

    /// <summary>The end of work that did not come to its own end.</summary>
    public CompleteRequest Failed(TaskFailure failure) => new()
    {
        Outcome = Outcome.Failed,
        Failure = failure,
        Turns = _session?.Turn ?? lease.Checkpoint?.Turn ?? 0,
        Usage = _session?.Usage ?? lease.Usage,
    };

    /// <summary>Stores what was done so far as the task's patch, if there is a workspace.</summary>
    /// <param name="asCheckpointed">Only what the last checkpoint has, without a look at the files.</param>
    /// <param name="cancellationToken">Stops it.</param>
    public async Task UploadPatchAsync(bool asCheckpointed, CancellationToken cancellationToken)
    {
        if (_workspace is not null && _session is not null)
        {
            var tree = asCheckpointed ? await _session.TreeAsync(cancellationToken) : await _session.SoFarAsync(cancellationToken);
            await UploadPatchAsync(_workspace, tree, cancellationToken);
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

        _ready = services.Time.GetUtcNow();
        await events.ReportAsync(EventTypes.WorkspaceReady, new WorkspaceReady(
            workspace.Base.Commit, lease.Checkpoint?.Turn, (long)services.Time.GetElapsedTime(start).TotalMilliseconds), cancellationToken);
        return workspace;
    }

    // After the checks, whichever way they ended; before the delivery, so that a task that is delivered is done.
    private async Task CollectAsync(Workspace workspace, CancellationToken cancellationToken)
    {
        var request = lease.Request.Results;
        if (_results is null && (request.Tests.Count > 0 || request.Files.Count > 0))
        {
            using var activity = CodeAgentTelemetry.Source.StartActivity("results");
            _results = await new ResultCollector(workspace.Folder.Tree, _ready, api.UploadAsync).CollectAsync(request, cancellationToken);
            await events.ReportAsync(EventTypes.Results, _results, cancellationToken);
        }
    }

    private async Task<Delivery> DeliverAsync(Workspace workspace, LeaseSession session, string? summary, DateTimeOffset finishedAt, CancellationToken cancellationToken)
    {
        using var activity = CodeAgentTelemetry.Source.StartActivity("deliver");
        await CollectAsync(workspace, cancellationToken);
        var tree = await session.TreeAsync(cancellationToken);
        await UploadPatchAsync(workspace, tree, cancellationToken);
        var delivery = await services.Deliverer.DeliverAsync(workspace, tree, OrderOf(summary, finishedAt), () => keeper.ConfirmAsync(cancellationToken), cancellationToken);
        await session.ReportAsync(EventTypes.DeliveryFinished, delivery, cancellationToken);
        return delivery;
    }

    private DeliveryOrder OrderOf(string? summary, DateTimeOffset finishedAt) =>
        new(lease.TaskId, lease.Request.Delivery, lease.Request.Prompt, summary, finishedAt, lease.Request.Repository);

    private async Task UploadPatchAsync(Workspace workspace, string tree, CancellationToken cancellationToken)
    {
        var file = Path.Combine(folder.Root, "patch");
        await workspace.WritePatchAsync(tree, file, cancellationToken);
        await api.UploadAsync("patch", "text/x-patch", file, cancellationToken);
    }

    private sealed record WorkspaceReady(
        string BaseCommit, [property: System.Text.Json.Serialization.JsonIgnore(Condition = System.Text.Json.Serialization.JsonIgnoreCondition.WhenWritingNull)] int? RestoredTurn, long Milliseconds);
}
