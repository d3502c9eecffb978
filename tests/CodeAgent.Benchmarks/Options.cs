using System.Globalization;

namespace CodeAgent.Benchmarks;

/// <summary>What stands behind the command: <c>--name value</c> and <c>--name</c>.</summary>
internal sealed class Options
{
    private const string Flag = "";
    private readonly Dictionary<string, string> _values = [];

    /// <exception cref="BenchmarkException">Something that is no option.</exception>
    public Options(string[] args)
    {
        for (var i = 0; i < args.Length; i++)
        {
            if (!args[i].StartsWith("--", StringComparison.Ordinal))
            {
                throw new BenchmarkException($"'{args[i]}' is no option.");
            }

            var hasValue = i + 1 < args.Length && !args[i + 1].StartsWith("--", StringComparison.Ordinal);
            _values[args[i]] = hasValue ? args[++i] : Flag;
        }
    }

    public bool Has(string name) => _values.ContainsKey(name);

    public string? Text(string name) => _values.GetValueOrDefault(name);

    /// <exception cref="BenchmarkException">It is no number over zero.</exception>
    public double Number(string name, double otherwise) =>
        !_values.TryGetValue(name, out var text) ? otherwise
        : double.TryParse(text, NumberStyles.Float, CultureInfo.InvariantCulture, out var number) && number > 0 ? number
        : throw new BenchmarkException($"{name} needs a number over zero.");
}
