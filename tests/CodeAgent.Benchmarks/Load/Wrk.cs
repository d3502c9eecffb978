using System.Globalization;
using System.Text;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Load;

/// <summary>The load tool wrk: a number of connections, each with one request after another.</summary>
internal static class Wrk
{
    public static async Task<WrkResult> RunAsync(Contender contender, Request request, int connections, TimeSpan duration, CancellationToken stop)
    {
        var script = Path.Combine(Places.Work, "request.lua");
        await File.WriteAllTextAsync(script, Script(contender, request), stop);
        var threads = Math.Min(connections, Environment.ProcessorCount);
        var output = await Tool.RunAsync("wrk",
            [$"-t{threads}", $"-c{connections}", $"-d{Math.Max(1, (int)duration.TotalSeconds)}s", "--timeout", "30s", "-s", script, contender.Url(request.Behaviour)], stop);
        return WrkResult.Parse(output);
    }

    private static string Script(Contender contender, Request request)
    {
        var script = new StringBuilder("wrk.method = \"POST\"\n");
        foreach (var (name, value) in contender.Headers(request.Behaviour).Append(new("Content-Type", "application/json")))
        {
            script.Append(CultureInfo.InvariantCulture, $"wrk.headers[\"{name}\"] = \"{value}\"\n");
        }

        script.Append(CultureInfo.InvariantCulture, $"local body = io.open(\"{request.File}\", \"rb\")\n").Append("""
            wrk.body = body:read("*all")
            body:close()

            done = function(summary, latency, requests)
              local e = summary.errors
              io.write(string.format("\n
            """).Append(WrkResult.Mark).Append("""
             %d %d %d %.0f %.0f\n", summary.duration, summary.requests,
                e.connect + e.read + e.write + e.status + e.timeout, latency:percentile(50), latency:percentile(99)))
            end
            """);
        return script.ToString();
    }
}
