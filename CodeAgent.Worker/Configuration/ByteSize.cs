using System.Globalization;
using System.Text.RegularExpressions;

namespace CodeAgent.Worker.Configuration;

/// <summary>Sizes as people write them: <c>512M</c>, <c>4G</c>, <c>1.5GiB</c>, or bytes. The units are powers of 1024.</summary>
internal static partial class ByteSize
{
    private const string Units = "KMGT";

    /// <summary>Bytes; none where it is no such size.</summary>
    public static long? Parse(string? text)
    {
        var match = Size().Match(text ?? "");
        if (!match.Success)
        {
            return null;
        }

        var power = match.Groups[2].Length == 0 ? 0 : Units.IndexOf(char.ToUpperInvariant(match.Groups[2].ValueSpan[0]), StringComparison.Ordinal) + 1;
        return (long)(double.Parse(match.Groups[1].ValueSpan, CultureInfo.InvariantCulture) * Math.Pow(1024, power));
    }

    /// <summary>As it is told: <c>512 MiB</c>.</summary>
    public static string Show(long bytes)
    {
        var (value, unit) = ((double)bytes, -1);
        while (value >= 1024 && unit < Units.Length - 1)
        {
            (value, unit) = (value / 1024, unit + 1);
        }

        return string.Create(CultureInfo.InvariantCulture, $"{value:0.##} {(unit < 0 ? "bytes" : $"{Units[unit]}iB")}");
    }

    [GeneratedRegex(@"^(\d{1,12}(?:\.\d{1,3})?)\s?(?:([KMGT])(?:i?B)?)?\z", RegexOptions.IgnoreCase)]
    private static partial Regex Size();
}
