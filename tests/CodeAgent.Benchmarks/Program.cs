using CodeAgent.Benchmarks;
using CodeAgent.Benchmarks.Api;
using CodeAgent.Benchmarks.Api.Watching;
using CodeAgent.Benchmarks.Faults;
using CodeAgent.Benchmarks.Gateway;
using CodeAgent.Benchmarks.Overnight;
using CodeAgent.Benchmarks.Roles;
using CodeAgent.Benchmarks.Worker;

const string Usage = """
    dotnet run -c Release --project tests/CodeAgent.Benchmarks -- COMMAND

      gateway                       the gateway beside other proxies; writes docs/benchmarks.md
        --quick                     one short round, a few minutes; writes artifacts/benchmarks/benchmarks.md
        --rounds N --seconds N      how often each load runs, and how long
        --only NAME,NAME            only these of: mock, yarp, codeagent, portkey, python
        --out FILE                  writes there
      api                           the Api under load, its watchers, and beside servers in Python; writes into docs/benchmarks.md
        --quick                     a short look, 3 minutes; writes artifacts/benchmarks/benchmarks.md
        --only NAME,NAME            only these of: mix, watchers, queue, beside, artillery
        --count N                   how many watch: 10,000
        --queued N                  how many tasks are in the long queue: 1,000,000
        --out FILE                  writes there
      api watchers --count N        so many watchers alone
      api soak --minutes N          the mix, workers and watchers on the Api alone; fails where memory grows
      worker                        from the claim of a task to its first tool call, in parts; writes into docs/benchmarks.md
        --tasks N --warm-up N       how many; with --tasks it writes artifacts/benchmarks/benchmarks.md
      overnight                     a night in miniature: tasks of all kinds, one in five misbehaving, on two workers
        --tasks N                   200
      faults                        kills, stops, cuts and loses parts of the Api's system at each step of tasks' lives; fails where an invariant does not hold
        --seeds N                   how many seeds, from 1: 500
        --seed S                    this seed alone; with --seeds from this one on
        --lanes N                   how many systems at the same time: 2
        --verbose                   prints each plan
      gateway soak --minutes N      mixed load on the gateway alone, a tenth of the clients leaving; prints how memory grows
    """;

using var stop = new CancellationTokenSource();
Console.CancelKeyPress += (_, press) =>
{
    press.Cancel = true;
    stop.Cancel();
};

try
{
    return args switch
    {
        // The parts that each run in a process of their own.
        [MockRole.Name, var port] => await MockRole.RunAsync(port),
        [YarpRole.Name, var port, var upstream] => await YarpRole.RunAsync(port, upstream),
        [SinkRole.Name, var port] => await SinkRole.RunAsync(port),
        [LoadRole.Name, var plan] => await LoadRole.RunAsync(plan),
        [WatchersRole.Name, var port] => await WatchersRole.RunAsync(port),

        ["gateway", "soak", .. var options] => await Soak.RunAsync(new(options), stop.Token),
        ["gateway", .. var options] => await GatewayBenchmark.RunAsync(new(options), stop.Token),
        ["api", "soak", .. var options] => await ApiSoak.RunAsync(new(options), stop.Token),
        ["api", "watchers", .. var options] => await ApiBenchmark.WatchersAsync(new(options), stop.Token),
        ["api", .. var options] => await ApiBenchmark.RunAsync(new(options), stop.Token),
        ["worker", .. var options] => await FirstToolCall.RunAsync(new(options), stop.Token),
        ["overnight", .. var options] => await OvernightRun.RunAsync(new(options), stop.Token),
        ["faults", .. var options] => await FaultSweep.RunAsync(new(options), stop.Token),
        _ => await RefuseAsync(Usage),
    };
}
catch (BenchmarkException e)
{
    return await RefuseAsync(e.Message);
}
catch (OperationCanceledException) when (stop.IsCancellationRequested)
{
    return await RefuseAsync("Stopped.");
}

static async Task<int> RefuseAsync(string why)
{
    await Console.Error.WriteLineAsync(why);
    return 1;
}
