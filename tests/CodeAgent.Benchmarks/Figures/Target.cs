using System.Globalization;

namespace CodeAgent.Benchmarks.Figures;

/// <summary>What is to be reached, and what was measured.</summary>
/// <param name="Text">What it is about, with the limit.</param>
/// <param name="Measured">Not a number where it was not measured.</param>
/// <param name="Limit">What it must not be under, or over.</param>
/// <param name="AtLeast">Whether the limit is the least that will do; the most otherwise.</param>
/// <param name="Format">How the measured value is written.</param>
internal sealed record Target(string Text, double Measured, double Limit, bool AtLeast, string Format)
{
    public bool IsReached => AtLeast ? Measured >= Limit : Measured <= Limit;

    /// <summary>Missed by more than double: in a short run, the sign that something is wrong at its root.</summary>
    public bool IsFarOff => AtLeast ? Measured < Limit / 2 : Measured > Limit * 2;

    /// <summary>Reached, missed, or not measured.</summary>
    public string Verdict => double.IsNaN(Measured) ? "not measured" : IsReached ? "reached" : "**missed**";

    public string Value => double.IsNaN(Measured) ? "-" : Measured.ToString(Format, CultureInfo.InvariantCulture);

    public static string ToTable(IEnumerable<Target> targets)
    {
        var table = new Table("target", "measured", "");
        foreach (var target in targets)
        {
            table.Add(target.Text, target.Value, target.Verdict);
        }

        return table.ToString();
    }
}
