using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Pipelines;

/// <summary>The pipelines that tasks can name. What a task names is resolved once, when it is submitted: a later edit of the file changes nothing of it.</summary>
/// <param name="config">The file.</param>
internal sealed class PipelineCatalog(ConfigFile<PipelineFile> config)
{
    /// <summary>The type of a task without steps.</summary>
    public const string Direct = "direct";

    /// <summary>Whether not every worker has such an agent.</summary>
    public static bool IsForeign(string agent) => agent is not (AgentNames.Builtin or AgentNames.Command);

    /// <summary>The steps of a task that is valid otherwise; none where it is direct.</summary>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 where there is no such type, or it does not go with the task's agent.</exception>
    public IReadOnlyList<PipelineStep> Resolve(TaskRequest request)
    {
        if (request.Type == Direct)
        {
            return [];
        }

        var pipelines = config.Current.Pipelines;
        if (request.Type is null || !pipelines.TryGetValue(request.Type, out var pipeline))
        {
            throw TaskProblems.Invalid("type", $"A type is one of {string.Join(", ", pipelines.Keys.Prepend(Direct))}: those of config/pipelines.yaml.");
        }

        List<PipelineStep> steps = [.. pipeline.Steps.Select((step, place) => Resolve(step, request, last: place == pipeline.Steps.Count - 1) with { Summarizes = step.Name == pipeline.Summary })];
        foreach (var (step, described) in steps.Zip(pipeline.Steps))
        {
            Require(request, step, described);
        }

        var foreign = steps.Where(step => step.Prompt is not null && IsForeign(step.Agent.Name)).Select(step => step.Agent.Name).Distinct().ToList();
        if (foreign.Count > 1)
        {
            throw TaskProblems.Invalid("agent.name", $"The pipeline {request.Type} would need the agents {string.Join(" and ", foreign)} on one worker; leave the agent out, or name one of them.");
        }

        return steps;
    }

    /// <summary>The agent whose queue a task waits in: every worker that has it has all that the task needs. That of scripts where nobody reads.</summary>
    public static string QueueOf(TaskRequest request, IReadOnlyList<PipelineStep> steps)
    {
        var agents = steps.Where(step => step.Prompt is not null).Select(step => step.Agent.Name).ToList();
        return steps.Count == 0 ? request.Agent.Name
            : agents.Find(IsForeign) ?? (agents.Contains(AgentNames.Builtin) ? AgentNames.Builtin : AgentNames.Command);
    }

    private static PipelineStep Resolve(StepConfig step, TaskRequest request, bool last)
    {
        var agent = step.Agent ?? request.Agent.Name;
        List<string> checks = [.. step.Checks.SelectMany(check => check.Trim() == "{checks}" ? request.Checks : [check])];
        return new()
        {
            Name = step.Name,
            Prompt = step.Prompt,
            Agent = new() { Name = agent, Model = step.Model ?? (agent == request.Agent.Name ? request.Agent.Model : null) },
            Checks = last ? [.. checks, .. request.Checks.Except(checks)] : checks,
            Limits = new() { Turns = step.Limits.Turns, Tokens = step.Limits.Tokens, CostUsd = step.Limits.CostUsd },
            Verdict = step.Verdict,
            KeepsChanges = step.KeepsChanges,
            When = step.When,
            OnFailure = step.OnFailure,
            BackTo = step.BackTo,
            AtMost = step.AtMost,
        };
    }

    private static void Require(TaskRequest request, PipelineStep step, StepConfig described)
    {
        if (step.Prompt is null)
        {
            return;
        }

        if (described.Agent is null && request.Agent.Name == AgentNames.Command)
        {
            throw TaskProblems.Invalid("agent.name", $"The pipeline {request.Type} tells its agent in words what to do; the agent {AgentNames.Command} runs scripts.");
        }

        if (step.Verdict && step.Agent.Name != AgentNames.Builtin)
        {
            throw TaskProblems.Invalid("agent.name", $"The step {step.Name} of the pipeline {request.Type} ends with a verdict, which only the agent {AgentNames.Builtin} can give.");
        }

        if (request.Approvals.Any && step.Agent.Name != AgentNames.Builtin)
        {
            throw TaskProblems.Invalid("approvals", $"The agent {step.Agent.Name} of the step {step.Name} runs programs of its own, which no rule can bind.");
        }
    }
}
