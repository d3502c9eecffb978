using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Files;
using CodeAgent.Worker.Approvals;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>The tools of one run.</summary>
internal sealed class Toolbox
{
    // A person approves what they see, all of it.
    private const int LongestApproved = 9_000;

    // A rule has up to 1,000 characters, and a patch may meet several.
    private const int LongestRules = 4_000;

    private readonly Dictionary<string, AgentTool> _tools;
    private readonly string _workspace;
    private readonly FinishTool _finish = new();
    private readonly CallRules _rules;

    public Toolbox(AgentRun run, TimeProvider time, IEnumerable<AgentTool>? more = null)
    {
        _workspace = run.Workspace;
        var paths = new WorkspacePaths(run.Workspace);
        var git = new GitCommand(run.Workspace);
        _rules = new(run.Approvals, paths);

        // Their order is part of what is sent, and so of what providers and the gateway recognize.
        AgentTool[] tools =
        [
            AgentTool.Of("list", new ListTool(paths, git).ListAsync, readsOnly: true),
            AgentTool.Of("search", new SearchTool(paths, git, _rules.MayRead).SearchAsync, readsOnly: true),
            AgentTool.Of("read", new ReadTool(paths).ReadAsync, readsOnly: true),
            AgentTool.Of("edit", new EditTool(paths, run.Session).EditAsync),
            AgentTool.Of("write", new WriteTool(paths, run.Session).WriteAsync),
            AgentTool.Of("patch", new PatchTool(paths, git, run.Session).PatchAsync),
            AgentTool.Of("run", new RunTool(run, time).RunAsync),
            AgentTool.Of("plan", new PlanTool(run.Session).PlanAsync),
            AgentTool.Of(AskTool.Name, AskTool.Ask),
            AgentTool.Of("finish", _finish.Call),
            .. more ?? [],
        ];
        Functions = [.. tools.Select(tool => tool.Function)];
        _tools = tools.ToDictionary(tool => tool.Function.Name, StringComparer.Ordinal);
    }

    /// <summary>What the model is offered.</summary>
    public IList<AITool> Functions { get; }

    /// <summary>What finish was called with since the last time this was asked; none where it was not.</summary>
    public Finish? TakeFinish() => _finish.Take();

    /// <summary>Whether a call changes nothing, so that it may run beside others of its kind.</summary>
    public bool ReadsOnly(ToolCall call) => _tools.TryGetValue(call.Name, out var tool) && tool.ReadsOnly;

    /// <summary>What a person must say before the call can be carried out; none where it needs nobody.</summary>
    /// <param name="call">The call.</param>
    /// <param name="id">The question's id.</param>
    public Question? Question(ToolCall call, string id) =>
        Problem(call) is not null ? null
        : call.Name == AskTool.Name ? AskTool.Of(call, id)
        : _rules.Judge(call) is ({ Ruling: Ruling.Ask } verdict, { Length: <= LongestApproved } argument)
            ? new() { Id = id, Text = $"May the agent {call.Name} this?\n\n{argument}", Approval = new(call.Name, argument, Middle.Cut(verdict.Rule, LongestRules)) }
        : null;

    /// <summary>Carries out a call. Whatever is wrong with it is the answer. What a person must approve has been approved by now.</summary>
    /// <exception cref="OperationCanceledException">It was stopped.</exception>
    public async Task<ToolResult> CallAsync(ToolCall call, CancellationToken cancellationToken)
    {
        if (Problem(call) is { } problem)
        {
            return Refuse(call, problem);
        }

        var (verdict, argument) = _rules.Judge(call);
        if (verdict.Ruling == Ruling.Deny || (verdict.Ruling == Ruling.Ask && argument.Length > LongestApproved))
        {
            return Refuse(call, verdict.Ruling == Ruling.Deny
                ? $"A rule forbids this: {verdict.Rule}. Do without it, or finish and say what stands in the way."
                : $"A person must approve this ({verdict.Rule}), and it is too long to be shown to one: at most {LongestApproved:N0} characters.");
        }

        var tool = _tools[call.Name];
        try
        {
            var given = call.Arguments.EnumerateObject().Where(argument => argument.Value.ValueKind != JsonValueKind.Null);
            var arguments = new AIFunctionArguments(given.ToDictionary(argument => argument.Name, argument => (object?)argument.Value));
            return new(call.Id, (string?)await tool.Function.InvokeAsync(arguments, cancellationToken) ?? "", Error: false);
        }
        catch (ToolException e)
        {
            return Refuse(call, e.Message);
        }
        catch (Exception e) when (e is IOException or UnauthorizedAccessException)
        {
            // The system's texts name the whole path, which differs from worker to worker and is no business of the model's.
            return Refuse(call, e.Message.Replace(_workspace + Path.DirectorySeparatorChar, "", StringComparison.Ordinal));
        }
    }

    private string? Problem(ToolCall call) =>
        !_tools.TryGetValue(call.Name, out var tool) ? $"There is no tool '{call.Name}'. There are: {string.Join(", ", _tools.Keys)}."
        : call.Broken is { } broken ? $"The arguments are no JSON object: {broken}"
        : tool.IsOurs ? Arguments.Problem(tool.Function.JsonSchema, call.Arguments)
        : null;

    private static ToolResult Refuse(ToolCall call, string message) => new(call.Id, $"Error: {message}", Error: true);
}
