using CodeAgent.ServiceDefaults.Secrecy;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;
using YamlDotNet.Serialization;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>
/// A secret in a configuration file: only ever a reference to the environment, such as <c>${OPENAI_API_KEY:-}</c>. A literal
/// value is refused, so that none gets into a repository. It never prints itself.
/// </summary>
/// <param name="value">The secret; empty where there is none.</param>
public sealed class ConfigSecret(string value)
{
    /// <summary>No secret.</summary>
    public static ConfigSecret None { get; } = new("");

    /// <summary>Whether there is one.</summary>
    public bool HasValue => value.Length > 0;

    /// <summary>The secret itself; empty where there is none.</summary>
    public string Reveal() => value;

    /// <inheritdoc />
    public override string ToString() => HasValue ? "***" : "";

    internal sealed class Converter(EnvironmentParser source) : IYamlTypeConverter
    {
        public bool Accepts(Type type) => type == typeof(ConfigSecret);

        public object ReadYaml(IParser parser, Type type, ObjectDeserializer rootDeserializer)
        {
            var scalar = parser.Consume<Scalar>();
            return scalar.Value.Length == 0 || source.IsReference(scalar)
                ? Known(new(scalar.Value.Trim()))
                : throw new YamlException(scalar.Start, scalar.End,
                    "a secret is not written here: name the environment variable that holds it, for instance ${MY_API_KEY}");
        }

        // What is a secret here is one in the log too.
        private static ConfigSecret Known(ConfigSecret secret)
        {
            SecretText.Know(secret.Reveal());
            return secret;
        }

        public void WriteYaml(IEmitter emitter, object? value, Type type, ObjectSerializer serializer) =>
            throw new NotSupportedException("Secrets are never written.");
    }
}
