using YamlDotNet.Core;
using YamlDotNet.Serialization;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Refuses entries of lists and mappings that are there without a value: nothing that reads a configuration expects them.</summary>
/// <typeparam name="TInner">What reads the entries; a deserializer has no two of one type.</typeparam>
internal sealed class NoEmptyEntries<TInner>(INodeDeserializer inner) : INodeDeserializer
    where TInner : INodeDeserializer
{
    public bool Deserialize(
        IParser reader, Type expectedType, Func<IParser, Type, object?> nestedObjectDeserializer, out object? value, ObjectDeserializer rootDeserializer) =>
        inner.Deserialize(reader, expectedType, (parser, type) =>
        {
            var (start, end) = (parser.Current!.Start, parser.Current.End);
            return nestedObjectDeserializer(parser, type) ?? throw new YamlException(start, end, "a value is missing here");
        }, out value, rootDeserializer);
}
