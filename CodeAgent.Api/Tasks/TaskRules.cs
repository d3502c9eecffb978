using System.Text.RegularExpressions;
using CodeAgent.Api.Repositories;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Tasks;

/// <summary>What a task may ask for.</summary>
internal static partial class TaskRules
{
    /// <summary>Longest follow-up message, in characters.</summary>
    public const int LongestMessage = 100_000;

    private const int LongestPrompt = 1_000_000;
    private const int LongestCheck = 10_000;
    private const int LongestCommitMessage = 10_000;

    /// <summary>The agents. Which of them there is a worker for, <see cref="SystemStatus.Workers"/> says; a task for one that nobody offers fails after some time.</summary>
    public static IReadOnlyList<string> Agents { get; } =
    [
        AgentNames.Builtin, AgentNames.Command, AgentNames.Codex, AgentNames.Claude, AgentNames.OpenCode, AgentNames.Gemini, AgentNames.Qwen,
        AgentNames.Cursor, AgentNames.Aider,
    ];

    /// <summary>The agents, for people.</summary>
    public static string AgentList { get; } = string.Join(", ", Agents);

    /// <summary>Whether there is such an agent.</summary>
    public static bool IsAgent(string name) => Agents.Contains(name);

    /// <param name="request">What is asked for.</param>
    /// <param name="id">The id that the task will have.</param>
    /// <param name="repositories">Which repositories are allowed.</param>
    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the first field that is wrong.</exception>
    public static void Require(TaskRequest request, Guid id, RepositoryRules repositories)
    {
        Require(!string.IsNullOrWhiteSpace(request.Prompt) && request.Prompt.Length <= LongestPrompt && !request.Prompt.Contains('\0'),
            "prompt", $"A prompt has 1 to {LongestPrompt:N0} characters, not all of them blank and none of them NUL.");
        RequireObject(request.Agent, "agent");
        RequireObject(request.Checks, "checks");
        RequireObject(request.Delivery, "delivery");
        RequireObject(request.Limits, "limits");
        RequireObject(request.Labels, "labels");
        RequireObject(request.Results, "results");
        RequireObject(request.Approvals, "approvals");
        if (request.Repository is { } repository)
        {
            repositories.Require(repository);
            RequireShape(repository);
        }

        Require(request.Agent);
        Require(request.Sandbox);
        Require(request.Checks);
        Require(request.Delivery, request.Repository, id);
        Require(request.Delivery.PullRequest, request.Delivery);
        Require(request.Results);
        Require(request.Approvals, request.Agent);
        Require(request.Limits);
        Require(request.Priority is >= -100 and <= 100, "priority", "priority is -100 to 100.");
        Require(request.Labels);
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 where it is empty or too long.</exception>
    public static void Require(MessageRequest request) => Require(
        request.Text is { Length: <= LongestMessage } && (request.Decision is not null || !string.IsNullOrWhiteSpace(request.Text)),
        "text", $"A message has 1 to {LongestMessage:N0} characters, not all of them blank; only beside a decision it can be left out.");

    // The contract says that these are never null, but a client can write null all the same.
    private static void RequireObject(object? value, string field) => Require(value is not null, field, $"{field} can be left out, but it cannot be null.");

    private static void Require(AgentRequest agent)
    {
        Require(IsAgent(agent.Name), "agent.name", $"An agent is one of {AgentList}.");
        Require(agent.Model is null || Model().IsMatch(agent.Model), "agent.model",
            "A model's name has 1 to 200 visible characters without blanks, as GET /v1/models of the gateway lists it.");
    }

    private static void Require(SandboxRequest? sandbox)
    {
        Require(sandbox?.AtLeast is null or SandboxNames.None or SandboxNames.Bubblewrap or SandboxNames.Container, "sandbox.atLeast",
            $"sandbox.atLeast is {SandboxNames.None}, {SandboxNames.Bubblewrap} or {SandboxNames.Container}.");
        Require(sandbox?.Image is null || ImageName().IsMatch(sandbox.Image), "sandbox.image",
            "An image's name is registry/path:tag or registry/path@sha256:…, 1 to 300 characters without blanks; the path in lower case.");
    }

    private static void Require(IReadOnlyList<string> checks)
    {
        Require(checks.Count <= 20, "checks", "There are at most 20 checks.");
        for (var i = 0; i < checks.Count; i++)
        {
            Require(!string.IsNullOrWhiteSpace(checks[i]) && checks[i].Length <= LongestCheck && !checks[i].Contains('\0'),
                $"checks[{i}]", $"A check is a shell command of 1 to {LongestCheck:N0} characters, not all of them blank.");
        }
    }

    private static void Require(DeliveryRequest delivery, RepositoryRequest? repository, Guid id)
    {
        var branch = delivery.Branch.Replace("{id}", id.ToString(), StringComparison.Ordinal);
        Require(GitNames.IsBranch(branch) && !branch.StartsWith("refs/", StringComparison.Ordinal) && branch.IndexOfAny(['{', '}']) < 0,
            "delivery.branch", "A branch's name follows git's rules (git check-ref-format --branch), is without refs/heads/, and has at most 200 characters; {id} stands for the task's id, and there is no other placeholder.");
        Require(!delivery.Push || repository is not null, "delivery.push", "Without a repository there is nowhere to push to.");
        Require(delivery.CommitMessage is null || (!string.IsNullOrWhiteSpace(delivery.CommitMessage) && delivery.CommitMessage.Length <= LongestCommitMessage
                && !delivery.CommitMessage.Contains('\0')),
            "delivery.commitMessage", $"A commit's message has 1 to {LongestCommitMessage:N0} characters, not all of them blank.");
    }

    private static void Require(ApprovalRules approvals, AgentRequest agent)
    {
        Require(approvals.Allow, "approvals.allow");
        Require(approvals.Ask, "approvals.ask");
        Require(approvals.Deny, "approvals.deny");
        Require(!approvals.Any || agent.Name == AgentNames.Builtin, "approvals",
            $"The agent {agent.Name} runs programs of its own, which no rule can bind. Use the agent {AgentNames.Builtin}, or leave approvals out and rely on the sandbox.");
    }

    private static void Require(IReadOnlyList<string> rules, string field)
    {
        RequireObject(rules, field);
        Require(rules.Count <= ApprovalRule.Most, field, $"There are at most {ApprovalRule.Most} rules.");
        for (var i = 0; i < rules.Count; i++)
        {
            Require(ApprovalRule.TryParse(rules[i]) is not null, $"{field}[{i}]", ApprovalRule.Form);
        }
    }

    private static void Require(TaskLimits limits)
    {
        Require(limits.Minutes is >= 1 and <= 1440, "limits.minutes", "limits.minutes is 1 to 1440.");
        Require(limits.Turns is >= 1 and <= 1000, "limits.turns", "limits.turns is 1 to 1000.");
        Require(limits.WaitMinutes is >= 1 and <= 43_200, "limits.waitMinutes", "limits.waitMinutes is 1 to 43200, which is 30 days.");
        Require(limits.Tokens is >= 1 and <= 100_000_000, "limits.tokens", "limits.tokens is 1 to 100000000.");
        Require(limits.CostUsd is >= 0 and <= 10_000, "limits.costUsd", "limits.costUsd is 0 to 10000.");
    }

    private static void Require(IReadOnlyDictionary<string, string> labels)
    {
        Require(labels.Count <= 20, "labels", "There are at most 20 labels.");
        foreach (var (key, value) in labels)
        {
            Require(LabelKey().IsMatch(key), "labels", "A label's key has 1 to 63 letters (a to z), digits, dots, dashes, underscores and slashes, and begins and ends with a letter or digit.");
            Require(value is { Length: <= 255 } && !value.Any(char.IsControl), $"labels.{key}", "A label's value has at most 255 characters and no control characters.");
        }
    }

    private static void Require(bool fact, string field, string detail)
    {
        if (!fact)
        {
            throw TaskProblems.Invalid(field, detail);
        }
    }

    [GeneratedRegex(@"^(?=.{1,300}\z)[A-Za-z0-9](?:[A-Za-z0-9._:-]*[A-Za-z0-9])?(?:/[a-z0-9](?:[a-z0-9._-]*[a-z0-9])?)*(?::[A-Za-z0-9_][A-Za-z0-9_.-]{0,127})?(?:@sha256:[0-9a-f]{64})?\z")]
    private static partial Regex ImageName();

    [GeneratedRegex(@"^[!-~]{1,200}\z")]
    private static partial Regex Model();

    [GeneratedRegex(@"^[A-Za-z0-9](?:[A-Za-z0-9._/-]{0,61}[A-Za-z0-9])?\z")]
    private static partial Regex LabelKey();
}
