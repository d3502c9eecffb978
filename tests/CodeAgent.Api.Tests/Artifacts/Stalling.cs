using System.Net;

namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>Sends what it has, and then nothing more until it is disposed.</summary>
internal sealed class Stalling(byte[] content) : HttpContent
{
    private readonly TaskCompletionSource _stalls = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private readonly TaskCompletionSource _goesOn = new(TaskCreationOptions.RunContinuationsAsynchronously);

    /// <summary>Completes when all that it has is sent.</summary>
    public Task Stalls => _stalls.Task;

    protected override async Task SerializeToStreamAsync(Stream stream, TransportContext? context)
    {
        await stream.WriteAsync(content, TestContext.Current.CancellationToken);
        await stream.FlushAsync(TestContext.Current.CancellationToken);
        _stalls.SetResult();
        await _goesOn.Task.WaitAsync(TestContext.Current.CancellationToken);
    }

    protected override bool TryComputeLength(out long length)
    {
        length = 0;
        return false;
    }

    protected override void Dispose(bool disposing)
    {
        _goesOn.TrySetResult();
        base.Dispose(disposing);
    }
}
