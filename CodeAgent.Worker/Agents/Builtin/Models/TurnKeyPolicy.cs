using System.ClientModel.Primitives;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>
/// Names the turn to the gateway, which answers a turn that it answered before from its record. A client is made for each
/// run and a run asks one thing at a time, so that the key can be a property here.
/// </summary>
internal sealed class TurnKeyPolicy : PipelinePolicy
{
    /// <summary>Goes out as <c>Idempotency-Key</c> with the next requests.</summary>
    public string? Key { get; set; }

    public override void Process(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Name(message);
        ProcessNext(message, pipeline, currentIndex);
    }

    public override ValueTask ProcessAsync(PipelineMessage message, IReadOnlyList<PipelinePolicy> pipeline, int currentIndex)
    {
        Name(message);
        return ProcessNextAsync(message, pipeline, currentIndex);
    }

    private void Name(PipelineMessage message)
    {
        if (Key is { } key)
        {
            message.Request.Headers.Set("Idempotency-Key", key);
        }
    }
}
