using CodeAgent.ServiceDefaults.Secrecy;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>A value of a configuration file that may be a secret, or have one in it: whatever of it came from the environment counts as one.</summary>
/// <param name="value">The value.</param>
/// <param name="secrets">The parts of it that came from the environment.</param>
public sealed class ConfigText(string value, IReadOnlyList<string> secrets)
{
    /// <summary>The parts of it that came from the environment.</summary>
    public IReadOnlyList<string> Secrets => secrets;

    /// <summary>The value itself.</summary>
    public string Reveal() => value;

    /// <inheritdoc />
    public override string ToString() => secrets.Count > 0 ? "***" : value;

    internal sealed class Converter(EnvironmentParser source) : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type == typeof(ConfigText);

        public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
        {
            var scalar = parser.Consume<Scalar>();
            var secrets = source.FromEnvironment(scalar);
            SecretText.Know(secrets);
            return new ConfigText(scalar.Value, secrets);
        }

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
            throw new NotSupportedException("Secrets are never written.");
    }
}
