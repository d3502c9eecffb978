using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Reads what is one of a few names, in any case, and says which there are where it is none of them.</summary>
internal sealed class NameConverter : IYamlTypeConverter
{
    public bool Accepts(Type type) => (Nullable.GetUnderlyingType(type) ?? type).IsEnum;

    public object? ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
    {
        var names = Nullable.GetUnderlyingType(type) ?? type;
        if (!parser.TryConsume<Scalar>(out var scalar))
        {
            throw new YamlException(parser.Current!.Start, parser.Current.End, "something else belongs here: a single name");
        }

        if (names != type && scalar is { Style: ScalarStyle.Plain, Value: "" or "~" or "null" or "Null" or "NULL" })
        {
            return null;
        }

        return Enum.GetNames(names).FirstOrDefault(name => name.Equals(scalar.Value, StringComparison.OrdinalIgnoreCase)) is { } found
            ? Enum.Parse(names, found)
            : throw new YamlException(scalar.Start, scalar.End,
                $"'{scalar.Value}' is not known here; there are: {string.Join(", ", Enum.GetNames(names).Select(CamelCaseNamingConvention.Instance.Apply))}");
    }

    public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
        throw new NotSupportedException("Configuration is only read.");
}
