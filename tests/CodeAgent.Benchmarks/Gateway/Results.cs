using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Figures;

namespace CodeAgent.Benchmarks.Gateway;

/// <summary>What was found, round by round.</summary>
internal sealed class Results
{
    private readonly Dictionary<(Exercise, string Contender), List<Dictionary<Figure, double>>> _rounds = [];

    public void Add(Exercise exercise, Contender contender, Dictionary<Figure, double> found)
    {
        if (!_rounds.TryGetValue((exercise, contender.Key), out var rounds))
        {
            rounds = _rounds[(exercise, contender.Key)] = [];
        }

        rounds.Add(found);
    }

    /// <summary>The median over the rounds; not a number where there is none.</summary>
    public double Of(string contender, Exercise exercise, Figure figure) => Statistics.Median(Rounds(contender, exercise, figure));

    /// <summary>The median over the rounds of what a contender adds to the mock.</summary>
    public double Added(string contender, Exercise exercise, Figure figure) => Statistics.Median(
        Rounds(contender, exercise, figure).Zip(Rounds("mock", exercise, figure), (with, without) => with - without));

    public double Of(string contender, Row row) => row.IsAdded ? Added(contender, row.Exercise, row.Figure) : Of(contender, row.Exercise, row.Figure);

    public double Errors(string contender) =>
        _rounds.Where(entry => entry.Key.Contender == contender).SelectMany(entry => entry.Value).Sum(found => found[Figure.Errors]);

    private IEnumerable<double> Rounds(string contender, Exercise exercise, Figure figure) =>
        _rounds.TryGetValue((exercise, contender), out var rounds) ? rounds.Select(found => found.GetValueOrDefault(figure, double.NaN)) : [];
}
