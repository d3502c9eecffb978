using System.Text.RegularExpressions;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Leases;

/// <summary>What workers may send.</summary>
internal static partial class LeaseRules
{
    private const int MostEvents = 500;
    private const int MostNotes = 20;
    private const int LongestNote = 1000;
    private const int MostSteps = 50;
    private const int LongestQuestion = 10_000;

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(ClaimRequest claim)
    {
        Require(claim.Worker.Length is >= 1 and <= 100 && !claim.Worker.Any(char.IsControl), "worker", "A worker's name has 1 to 100 characters.");
        Require(claim.Agents.Count is >= 1 and <= 20, "agents", "A worker names 1 to 20 agents.");
        for (var i = 0; i < claim.Agents.Count; i++)
        {
            Require(claim.Agents[i] is { } agent && TaskRules.IsAgent(agent), $"agents[{i}]", $"An agent is one of {TaskRules.AgentList}.");
        }

        Require(claim.Capacity is >= 1 and <= 1000, "capacity", "capacity is 1 to 1000.");
        Require(claim.Running >= 0, "running", "running is 0 or more.");
        Require(claim.WaitSeconds is >= 0 and <= 60, "waitSeconds", "waitSeconds is 0 to 60.");
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(HeartbeatRequest request)
    {
        Require(request.WaitSeconds is >= 0 and <= 30, "waitSeconds", "waitSeconds is 0 to 30.");
        Require(request.MessagesSeen >= 0, "messagesSeen", "messagesSeen is 0 or more.");
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(EventBatch batch)
    {
        Require(batch.First >= 0, "first", "first is 0 or more.");
        Require(batch.Events.Count is >= 1 and <= MostEvents, "events", $"A batch has 1 to {MostEvents} events.");
        for (var i = 0; i < batch.Events.Count; i++)
        {
            Require(batch.Events[i] is not null, $"events[{i}]", "An event is an object.");
            var type = batch.Events[i].Type;
            Require(type is not null && EventType().IsMatch(type), $"events[{i}].type", "A type is a word or two with a dot between them, such as tool.call.");
            Require(!type!.StartsWith("task.", StringComparison.Ordinal), $"events[{i}].type", "Types that begin with task. are not for workers: they say what the Api decided.");
            Require(batch.Events[i].Data.ValueKind != System.Text.Json.JsonValueKind.Undefined, $"events[{i}].data", "An event has data, {} where there is nothing to say.");
        }
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(Checkpoint checkpoint)
    {
        Require(checkpoint.Turn >= 0, "turn", "turn is 0 or more.");
        Require(checkpoint.MessagesSeen >= 0, "messagesSeen", "messagesSeen is 0 or more.");
        Require(checkpoint.Usage, "usage");
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(WorkView work)
    {
        Require(work.Sandbox is null or { Length: >= 1 and <= 40 }, "sandbox", "A sandbox's name has 1 to 40 characters.");
        Require(work.Notes.Count <= MostNotes && work.Notes.All(note => note is { Length: >= 1 and <= LongestNote }), "notes",
            $"There are at most {MostNotes} notes of 1 to {LongestNote:N0} characters.");
        Require(work.Steps.Count <= MostSteps && work.Steps.All(step => step is { Name.Length: >= 1 and <= 100, Status.Length: >= 1 and <= 40 }), "steps",
            $"There are at most {MostSteps} steps, each with a name of at most 100 characters and a status.");
    }

    /// <exception cref="ServiceDefaults.Problems.ProblemException">400 with the field that is wrong.</exception>
    public static void Require(CompleteRequest request)
    {
        Require(request.Turns >= 0, "turns", "turns is 0 or more.");
        Require(request.Usage, "usage");
        if (request.Question is { } question)
        {
            Require(question);
        }
    }

    private static void Require(Question question)
    {
        Require(question.Id.Length is >= 1 and <= 100, "question.id", "A question's id has 1 to 100 characters.");
        Require(question.Text.Length is >= 1 and <= LongestQuestion, "question.text", $"A question has 1 to {LongestQuestion:N0} characters.");
        Require(question.Choices.Count <= 20 && question.Choices.All(choice => choice is { Length: >= 1 and <= 500 }), "question.choices",
            "There are at most 20 choices of 1 to 500 characters.");
        Require(question.Approval is null or { Tool.Length: <= 100, Argument.Length: <= LongestQuestion, Rule.Length: <= LongestQuestion }, "question.approval",
            $"An approval names a tool, an argument of at most {LongestQuestion:N0} characters and rules of as many.");
    }

    private static void Require(Usage usage, string field) => Require(
        usage is { InputTokens: >= 0, CachedInputTokens: >= 0, OutputTokens: >= 0, CostUsd: >= 0 }, field, "Nothing that was used is less than 0.");

    private static void Require(bool fact, string field, string detail)
    {
        if (!fact)
        {
            throw TaskProblems.Invalid(field, detail);
        }
    }

    [GeneratedRegex(@"^[a-z][a-z_]{0,40}(\.[a-z][a-z_]{0,40})?\z")]
    private static partial Regex EventType();
}
