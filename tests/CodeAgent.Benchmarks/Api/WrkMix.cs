using System.Globalization;
using System.Text;
using CodeAgent.Benchmarks.Api.Servers;
using CodeAgent.Benchmarks.Load;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Api;

/// <summary>The mix as fast as it goes: wrk, a request after the other on each connection.</summary>
internal static class WrkMix
{
    public static async Task<WrkResult> RunAsync(TaskServer server, IReadOnlyList<MixRequest> requests, int connections, TimeSpan duration, CancellationToken stop)
    {
        var (list, body, script) = (Path.Combine(Places.Work, "mix.txt"), Path.Combine(Places.Work, "mix-body.json"), Path.Combine(Places.Work, "mix.lua"));
        await File.WriteAllLinesAsync(list, requests.Select(request => $"{(request.IsPost ? "POST" : "GET")} {request.Path}"), stop);
        await File.WriteAllBytesAsync(body, TaskMix.Body, stop);
        await File.WriteAllTextAsync(script, Script(server, list, body), stop);
        var output = await Tool.RunAsync("wrk",
            [$"-t{Math.Min(connections, Environment.ProcessorCount)}", $"-c{connections}", $"-d{Math.Max(1, (int)duration.TotalSeconds)}s", "--timeout", "30s", "-s", script, server.Address.AbsoluteUri], stop);
        return WrkResult.Parse(output);
    }

    // Each thread makes its requests once and sends them in turn, from a place of its own on.
    private static string Script(TaskServer server, string list, string body)
    {
        var script = new StringBuilder();
        script.Append(CultureInfo.InvariantCulture, $"local list, file, key = \"{list}\", \"{body}\", \"{server.Bearer}\"\n").Append("""
            local threads = 0
            setup = function(thread)
              thread:set("place", threads * 2477)
              threads = threads + 1
            end

            local requests, body = {}, nil
            init = function()
              local from = io.open(file, "rb")
              body = from:read("*all")
              from:close()
              local headers = { Authorization = "Bearer " .. key, Accept = "application/json" }
              local posted = { Authorization = headers.Authorization, Accept = headers.Accept, ["Content-Type"] = "application/json" }
              for line in io.lines(list) do
                local method, path = line:match("(%S+) (%S+)")
                requests[#requests + 1] = method == "POST" and wrk.format("POST", path, posted, body) or wrk.format("GET", path, headers)
              end
            end

            request = function()
              place = place % #requests + 1
              return requests[place]
            end

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
