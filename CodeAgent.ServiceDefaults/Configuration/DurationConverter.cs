using System.Globalization;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Reads durations as people write them: <c>500ms</c>, <c>30s</c>, <c>1.5m</c>, <c>24h</c>, <c>7d</c>.</summary>
internal sealed partial class DurationConverter : IYamlTypeConverter
{
    public bool Accepts(Type type) => type == typeof(TimeSpan) || type == typeof(TimeSpan?);

    public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
    {
        var scalar = parser.Consume<Scalar>();
        var match = Duration().Match(scalar.Value);
        if (!match.Success)
        {
            throw new YamlException(scalar.Start, scalar.End, $"'{scalar.Value}' is no duration: write a number with ms, s, m, h or d");
        }

        var number = double.Parse(match.Groups["number"].ValueSpan, NumberStyles.AllowDecimalPoint, CultureInfo.InvariantCulture);
        return match.Groups["unit"].ValueSpan switch
        {
            "ms" => TimeSpan.FromMilliseconds(number),
            "s" => TimeSpan.FromSeconds(number),
            "m" => TimeSpan.FromMinutes(number),
            "h" => TimeSpan.FromHours(number),
            _ => TimeSpan.FromDays(number),
        };
    }

    public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
        throw new NotSupportedException("Configuration is only read.");

    [GeneratedRegex(@"^(?<number>\d{1,9}(\.\d{1,6})?)\s*(?<unit>ms|s|m|h|d)$")]
    private static partial Regex Duration();
}
