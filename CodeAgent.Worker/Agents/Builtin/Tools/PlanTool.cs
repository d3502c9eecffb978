using System.ComponentModel;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>Keeps the plan that people see.</summary>
internal sealed class PlanTool(IAgentSession session)
{
    [Description("Sets the plan, all of it, in place of the one before. Shown to the people who follow the task.")]
    public async Task<string> PlanAsync(
        [Description("The steps, in order.")] IReadOnlyList<PlanItem> items,
        CancellationToken cancellationToken = default)
    {
        await session.ReportAsync(EventTypes.Plan, new { items }, cancellationToken);
        return items.Count == 0 ? "(no plan)" : string.Concat(items.Select(item => $"[{(item.Done ? 'x' : ' ')}] {item.Text}\n"));
    }
}

/// <summary>A step of the plan.</summary>
/// <param name="Text">What is to be done.</param>
/// <param name="Done">Whether it is.</param>
internal sealed record PlanItem(
    [property: Description("What is to be done, in a few words.")] string Text,
    [property: Description("Whether it is done.")] bool Done = false);
