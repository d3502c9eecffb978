using System.Text.RegularExpressions;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Api.Pipelines;

/// <summary>What is wrong with the pipelines of a file, each with its line.</summary>
internal static partial class PipelineValidator
{
    private const int MostSteps = 20;
    private const int LongestPrompt = 100_000;
    private const int MostChecks = 20;

    public static void Validate(PipelineFile file, ConfigProblems problems)
    {
        foreach (var (name, pipeline) in file.Pipelines)
        {
            var at = $"pipelines.{name}";
            problems.Require(Name().IsMatch(name), at, "a pipeline's name has 1 to 40 small letters, digits and dashes");
            problems.Require(name != PipelineCatalog.Direct, at, $"'{PipelineCatalog.Direct}' is the task alone, without steps, and cannot be changed");
            problems.Require(pipeline.Steps.Count is >= 1 and <= MostSteps, $"{at}.steps", $"1 to {MostSteps} steps");
            for (var i = 0; i < pipeline.Steps.Count; i++)
            {
                Require(pipeline, i, $"{at}.steps[{i}]", problems);
            }

            problems.Require(pipeline.Summary is null || pipeline.Steps.Exists(step => step.Name == pipeline.Summary && step.Prompt is not null), $"{at}.summary",
                $"there is no step '{pipeline.Summary}' with a prompt");
            problems.Require(pipeline.Steps.Select(step => step.Agent).OfType<string>().Where(PipelineCatalog.IsForeign).Distinct().Count() <= 1, $"{at}.steps",
                $"one agent at most besides {AgentNames.Builtin} and {AgentNames.Command}: one worker must have them all");
        }
    }

    private static void Require(PipelineConfig pipeline, int place, string at, ConfigProblems problems)
    {
        var step = pipeline.Steps[place];
        var last = place == pipeline.Steps.Count - 1;
        problems.Require(Name().IsMatch(step.Name) && !PromptTemplate.Known.Contains(step.Name), $"{at}.name",
            $"1 to 40 small letters, digits and dashes, and none of {string.Join(", ", PromptTemplate.Known)}");
        problems.Require(pipeline.Steps.FindIndex(other => other.Name == step.Name) == place, $"{at}.name", $"there are two steps '{step.Name}'");
        problems.Require(step.Agent is null || TaskRules.IsAgent(step.Agent), $"{at}.agent", $"an agent is one of {TaskRules.AgentList}");
        problems.Require(!step.Verdict || step.Agent is null or AgentNames.Builtin, $"{at}.verdict", $"only the agent {AgentNames.Builtin} has the tool that gives a verdict");
        problems.Require(!step.Verdict || step.Prompt is not null, $"{at}.verdict", "a step without a prompt has no agent that could give a verdict");
        problems.Require(!step.KeepsChanges || step.Verdict, $"{at}.keepsChanges", "only a step with verdict: true loses its changes; the others keep theirs anyway");
        problems.Require(step.Prompt is not null || (step.Agent is null && step.Model is null), at, "a step without a prompt has checks only, and no agent or model");
        problems.Require(step.Prompt is not null || step.Checks.Count > 0, at, "a step has a prompt, or checks, or both");
        problems.Require(step.Checks.Count <= MostChecks && step.Checks.All(check => !string.IsNullOrWhiteSpace(check)), $"{at}.checks", $"at most {MostChecks} shell commands; {{checks}} stands for those of the task");
        problems.Require(step.Limits is { Turns: null or (>= 1 and <= 1000), Tokens: null or (>= 1 and <= 100_000_000), CostUsd: null or (> 0 and <= 10_000) }, $"{at}.limits",
            "turns 1 to 1000, tokens 1 to 100000000, costUsd more than 0 and at most 10000");
        problems.Require(!last || (step.When == StepWhen.Always && step.OnFailure != StepFailure.Continue), at,
            "the last step is always run and does not continue on failure: what must hold before the task succeeds is checked in it");
        problems.Require(place > 0 || step.When == StepWhen.Always, $"{at}.when", "before the first step none can fail");
        problems.Require(step.OnFailure == StepFailure.Back == (step.BackTo is not null), $"{at}.backTo", "backTo belongs to onFailure: back, and names the step to go back to");
        problems.Require(step.BackTo is null || pipeline.Steps.FindIndex(other => other.Name == step.BackTo) is var back && back >= 0 && back <= place, $"{at}.backTo",
            $"there is no step '{step.BackTo}' up to this one");
        problems.Require(pipeline.Steps.Find(other => other.Name == step.BackTo)?.Prompt is not { } told || PromptTemplate.Placeholders(told).Contains("feedback"), $"{at}.backTo",
            $"the prompt of '{step.BackTo}' has no {{feedback}}: it would not be told why");
        problems.Require(step.AtMost is >= 1 and <= 20, $"{at}.atMost", "1 to 20 times");
        if (step.Prompt is { } prompt)
        {
            RequirePrompt(pipeline, step, prompt, $"{at}.prompt", problems);
        }
    }

    private static void RequirePrompt(PipelineConfig pipeline, StepConfig step, string prompt, string at, ConfigProblems problems)
    {
        problems.Require(!string.IsNullOrWhiteSpace(prompt) && prompt.Length <= LongestPrompt, at, $"1 to {LongestPrompt:N0} characters, not all of them blank");
        foreach (var name in PromptTemplate.Placeholders(prompt))
        {
            problems.Require(PromptTemplate.Known.Contains(name) || pipeline.Steps.Exists(other => other.Name == name && other != step), at,
                $"there is no placeholder '{{{name}}}'; there are {string.Join(", ", PromptTemplate.Known.Select(known => $"{{{known}}}"))} and the names of the other steps; {{{{ and }}}} stand for braces");
            problems.Require(step.Agent != AgentNames.Command || name is "id" or "date", at,
                $"the prompt of the agent {AgentNames.Command} is a shell script: only {{id}} and {{date}} can be filled in, since words would be run as commands");
        }
    }

    [GeneratedRegex(@"^[a-z0-9][a-z0-9-]{0,39}\z")]
    private static partial Regex Name();
}
