using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>What the gateway is to reach, and what it did.</summary>
internal static class GatewayTargets
{
    private const string Ours = "codeagent";

    public static IReadOnlyList<Target> Judge(Results results)
    {
        return
        [
            Rate("at least 0.7 of YARP's requests/s, small chat", "yarp", Plan.ManySmall, 0.7),
            Rate("at least 0.9 of YARP's requests/s, 100 K prompts", "yarp", Plan.ManyLargePrompts, 0.9),
            Rate("at least 20 times Portkey's requests/s, small chat", "portkey", Plan.ManySmall, 20),
            Rate("at least 20 times the Python proxy's requests/s, small chat", "python", Plan.ManySmall, 20),
            new("added p99 with one client at most 0.5 ms over YARP's",
                results.Added(Ours, Plan.OneSmall, Figure.P99) - results.Added("yarp", Plan.OneSmall, Figure.P99), 0.5, false, "0.000 ms"),
            new("no 40 ms step: under 0.1 % of the frames 30 ms or more late",
                results.Of(Ours, Plan.ManyPacedStreams, Figure.Late), 0.1, false, "0.00 '%'"),
        ];

        Target Rate(string text, string other, Exercise exercise, double limit) => new(text,
            results.Of(Ours, exercise, Figure.PerSecond) / results.Of(other, exercise, Figure.PerSecond), limit, true, "0.00");
    }
}
