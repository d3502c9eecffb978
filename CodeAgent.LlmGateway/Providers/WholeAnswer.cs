using System.Runtime.CompilerServices;

namespace CodeAgent.LlmGateway.Providers;

/// <summary>An answer that is there as a whole.</summary>
internal sealed class WholeAnswer(byte[] body) : ProviderAnswer
{
    public ReadOnlyMemory<byte> Body => body;

    public override async IAsyncEnumerable<ReadOnlyMemory<byte>> ReadAsync([EnumeratorCancellation] CancellationToken cancellationToken)
    {
        await Task.CompletedTask;
        yield return body;
    }

    public override ValueTask DisposeAsync() => ValueTask.CompletedTask;
}
