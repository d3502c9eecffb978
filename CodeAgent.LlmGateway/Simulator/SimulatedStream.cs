using System.Runtime.CompilerServices;
using CodeAgent.LlmGateway.Providers;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>A streamed answer; its wait is spread evenly over the pieces, so that there is a middle to be interrupted in.</summary>
internal sealed class SimulatedStream(IReadOnlyList<byte[]> pieces, TimeSpan wait, TimeProvider time) : ProviderAnswer
{
    public override async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        var pause = wait / pieces.Count;
        foreach (var piece in pieces)
        {
            if (pause > TimeSpan.Zero)
            {
                await Task.Delay(pause, time, cancellationToken);
            }

            yield return piece;
        }
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
