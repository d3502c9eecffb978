using System.Globalization;
using CodeAgent.Benchmarks.Load;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>What else is worth knowing of a run.</summary>
internal static class Observations
{
    public static async Task<IReadOnlyList<string>> ReadAsync(Field field, Results results, CancellationToken stop)
    {
        List<string> lines = [.. field.Contenders
            .Where(contender => results.Errors(contender.Key) > 0)
            .Select(contender => $"**{contender.Title}: {results.Errors(contender.Key):N0} requests failed.** Its figures above are of the ones that did not.")];
        if (field.Ours is { } ours)
        {
            var redis = await ours.Redis.ReadAsync();
            var own = await ours.Tree.ReadAsync();
            var (spans, bytes) = await ours.TelemetryAsync(stop);
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"The gateway's redis-server took {redis.CpuSeconds:0.0} s of processor time over the whole run, the gateway itself {own.CpuSeconds:0.0} s."));
            lines.Add(string.Create(CultureInfo.InvariantCulture,
                $"{spans:N0} spans reached the sink, {bytes / 1e6:N0} MB of telemetry in all; what the exporter's queue cannot hold under saturation is dropped by it, as in production."));
            lines.Add(await H2Load.RunAsync(ours, Plan.ManySmall.Request, stop) is { } perSecond
                ? string.Create(CultureInfo.InvariantCulture, $"By HTTP/2 without TLS (`h2load`, 4 connections of 16 streams, small chat): {perSecond:N0} requests/s.")
                : "By HTTP/2 without TLS: not measured, the gateway does not speak it there (or there is no `h2load`).");
        }

        return lines;
    }
}
