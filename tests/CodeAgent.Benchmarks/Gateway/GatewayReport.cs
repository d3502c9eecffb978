using System.Globalization;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>Makes text of the results.</summary>
internal static class GatewayReport
{
    private const string Ours = "codeagent";
    private static readonly CultureInfo Plain = CultureInfo.InvariantCulture;

    public static string Figures(IReadOnlyList<Contender> contenders, Results results)
    {
        Contender[] others = [.. contenders.Where(contender => contender.Key is not (Ours or "mock"))];
        var table = new Table(["", .. contenders.Select(contender => contender.Title), .. others.Select(other => $"gateway ÷ {other.Title}")]);
        foreach (var row in Plan.Rows)
        {
            table.Add([
                row.Title,
                .. contenders.Select(contender => row.IsAdded && contender.Key == "mock" ? "" : Text(results.Of(contender.Key, row), row.Format)),
                .. others.Select(other => Ratio(results.Of(Ours, row), results.Of(other.Key, row))),
            ]);
        }

        return table.ToString();
    }

    public static string Targets(Results results) => Target.ToTable(GatewayTargets.Judge(results));

    private static string Text(double value, string format) => double.IsNaN(value) ? "-" : value.ToString(format, Plain);

    // A ratio of two differences means nothing where one of them drowned in the noise.
    private static string Ratio(double ours, double others) => ours > 0 && others > 0 ? (ours / others).ToString("0.00", Plain) : "-";
}
