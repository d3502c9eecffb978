using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Load;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>What is found out about a contender. Times are in milliseconds.</summary>
internal enum Figure
{
    P50,
    P99,
    PerSecond,

    /// <summary>Seconds of processor time for 10,000 requests.</summary>
    Cpu,

    /// <summary>The most memory that was resident, in megabytes.</summary>
    Memory,
    FirstP50,
    FirstP99,
    FrameP50,
    FrameP99,

    /// <summary>Percentage of the frames that came 30 ms or more after they were sent.</summary>
    Late,
    Errors,
}

/// <summary>One kind of load on one contender.</summary>
internal abstract class Exercise(Request request)
{
    public Request Request => request;

    public abstract Task<Dictionary<Figure, double>> RunAsync(Contender contender, TimeSpan duration, CancellationToken stop);
}

/// <summary>The load tool with a number of connections.</summary>
internal sealed class WrkExercise(Request request, int connections) : Exercise(request)
{
    private const double Unit = 10_000;

    public override async Task<Dictionary<Figure, double>> RunAsync(Contender contender, TimeSpan duration, CancellationToken stop)
    {
        await contender.Tree.ForgetPeakAsync();
        var before = await contender.Tree.ReadAsync();
        var found = await Wrk.RunAsync(contender, Request, connections, duration, stop);
        var after = await contender.Tree.ReadAsync();
        return new()
        {
            [Figure.P50] = found.P50,
            [Figure.P99] = found.P99,
            [Figure.PerSecond] = found.PerSecond,
            [Figure.Cpu] = (after.CpuSeconds - before.CpuSeconds) / found.Requests * Unit,
            [Figure.Memory] = after.PeakMegabytes,
            [Figure.Errors] = found.Errors,
        };
    }
}

/// <summary>A number of clients that read paced streams.</summary>
internal sealed class StreamExercise(Request request, int clients) : Exercise(request)
{
    private const double LateFrom = 30;

    public override async Task<Dictionary<Figure, double>> RunAsync(Contender contender, TimeSpan duration, CancellationToken stop)
    {
        using var client = new StreamClient(contender, Request);
        var found = await client.RunAsync(clients, duration, stop);
        return new()
        {
            [Figure.FirstP50] = found.FirstAt(50),
            [Figure.FirstP99] = found.FirstAt(99),
            [Figure.FrameP50] = found.FrameAt(50),
            [Figure.FrameP99] = found.FrameAt(99),
            [Figure.Late] = 100.0 * found.Frames.Count(frame => frame >= LateFrom) / found.Frames.Count,
            [Figure.Errors] = found.Errors,
        };
    }
}
