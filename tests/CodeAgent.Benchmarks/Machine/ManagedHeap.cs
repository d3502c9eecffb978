using System.Diagnostics.Tracing;
using Microsoft.Diagnostics.NETCore.Client;
using Microsoft.Diagnostics.Tracing;
using Microsoft.Diagnostics.Tracing.Parsers;

namespace CodeAgent.Benchmarks.Machine;

/// <summary>The managed heap of another .NET process.</summary>
internal static class ManagedHeap
{
    private const string Runtime = "Microsoft-Windows-DotNETRuntime";
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(20);

    /// <summary>Has the process make a full collection, by the runtime's own diagnostics, and tells what is left after it.</summary>
    /// <returns>Megabytes; null where the process says nothing about it in time.</returns>
    public static async Task<double?> CollectAsync(int process, CancellationToken stop)
    {
        var client = new DiagnosticsClient(process);
        using var session = await client.StartEventPipeSessionAsync(
            [new EventPipeProvider(Runtime, EventLevel.Informational, (long)(ClrTraceEventParser.Keywords.GC | ClrTraceEventParser.Keywords.GCHeapCollect))], false, token: stop);
        var left = new TaskCompletionSource<double?>(TaskCreationOptions.RunContinuationsAsynchronously);
        var reading = Task.Run(() =>
        {
            using var source = new EventPipeEventSource(session.EventStream);
            var full = false;
            source.Clr.GCStart += gc => full |= gc.Depth == 2;
            source.Clr.GCHeapStats += heap =>
            {
                if (full)
                {
                    left.TrySetResult(heap.TotalHeapSize / 1024.0 / 1024);
                }
            };
            source.Process();
            left.TrySetResult(null);
        }, CancellationToken.None);
        try
        {
            return await left.Task.WaitAsync(Patience, stop);
        }
        catch (TimeoutException)
        {
            return null;
        }
        finally
        {
            await session.StopAsync(CancellationToken.None);
            await reading;
        }
    }
}
