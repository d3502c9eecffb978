using CodeAgent.Benchmarks.Machine;
using CodeAgent.Benchmarks.Roles;
using Yarp.ReverseProxy.Configuration;

namespace CodeAgent.Benchmarks.Contenders;

internal sealed class YarpContender : Contender
{
    public override string Key => "yarp";

    public override string Title => "YARP";

    public override string Description =>
        $"YARP {typeof(RouteConfig).Assembly.GetName().Version!.ToString(3)}, one route, no keys, no telemetry, no log, server GC; one process on all cores";

    public override Task StartAsync(MockContender mock, CancellationToken stop) =>
        StartAsync([.. Places.Self, YarpRole.Name, $"{Port}", $"http://127.0.0.1:{mock.Port}/"], stop, Runtime.ServerGc);
}
