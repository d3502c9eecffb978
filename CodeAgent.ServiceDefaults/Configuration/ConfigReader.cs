using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Serialization;
using YamlDotNet.Serialization.NamingConventions;
using YamlDotNet.Serialization.NodeDeserializers;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>Turns the text of a YAML file into a validated <typeparamref name="T"/>.</summary>
internal static partial class ConfigReader<T>
    where T : class, new()
{
    /// <exception cref="ConfigFileException">It is no YAML, does not fit, or is not valid.</exception>
    public static T Read(string file, string text, Func<string, string?> variable, Action<T, ConfigProblems> validate)
    {
        var parser = new EnvironmentParser(new Parser(new StringReader(text)), variable);
        var deserializer = new DeserializerBuilder()
            .WithNamingConvention(CamelCaseNamingConvention.Instance)
            .WithDuplicateKeyChecking()
            .WithEnforceNullability()
            .WithTypeConverter(new ConfigSecret.Converter(parser))
            .WithTypeConverter(new ConfigText.Converter(parser))
            .WithTypeConverter(new DurationConverter())
            .WithTypeConverter(new NameConverter())
            .WithNodeDeserializer(inner => new NoEmptyEntries<DictionaryNodeDeserializer>(inner), where => where.InsteadOf<DictionaryNodeDeserializer>())
            .WithNodeDeserializer(inner => new NoEmptyEntries<CollectionNodeDeserializer>(inner), where => where.InsteadOf<CollectionNodeDeserializer>())
            .Build();
        T config;
        try
        {
            config = deserializer.Deserialize<T>(parser) ?? new T();
        }
        catch (YamlException e)
        {
            throw new ConfigFileException(file, [new(LineOf(Innermost(e), text), Reason(Innermost(e)))]);
        }

        var problems = new ConfigProblems(parser.Lines);
        try
        {
            validate(config, problems);
        }
        catch (Exception e)
        {
            // Whatever a validator stumbles over is in the file, and a service must not stop for an edit of its file.
            problems.Add("", $"it cannot be checked: {e.Message}");
            throw new ConfigFileException(file, problems.Found, e);
        }

        return problems.Found.Count == 0 ? config : throw new ConfigFileException(file, problems.Found);
    }

    private static YamlException Innermost(YamlException e) => e.InnerException is YamlException inner ? Innermost(inner) : e;

    // Of a tab the parser tells where the mapping around it began, so it is the first one before anything is written.
    private static long LineOf(YamlException e, string text) =>
        e.Message.Contains("invalid tab", StringComparison.Ordinal) && Tab().Match(text) is { Success: true } tab ? text.AsSpan(0, tab.Index).Count('\n') + 1
        : Math.Max(1, e.Start.Line);

    // The deserializer's own texts name .NET types; whoever edits the file knows only its keys.
    private static string Reason(YamlException e) =>
        Unknown().Match(e.Message) is { Success: true } unknown ? $"there is no '{unknown.Groups["name"].Value}' here"
        : Duplicate().Match(e.Message) is { Success: true } duplicate ? $"'{duplicate.Groups["name"].Value}' is here twice"
        : e.Message.Contains("into type", StringComparison.Ordinal) ? "something else belongs here: a value, a list or a mapping"
        : e.InnerException is NullReferenceException ? "a value is missing here"
        : e.InnerException is { } inner ? $"the value does not fit: {inner.Message}"
        : e.Message;

    [GeneratedRegex(@"^ *\t[ \t]*\S", RegexOptions.Multiline)]
    private static partial Regex Tab();

    [GeneratedRegex("^Property '(?<name>[^']*)' not found on type")]
    private static partial Regex Unknown();

    [GeneratedRegex("^Encountered duplicate key (?<name>.*)$")]
    private static partial Regex Duplicate();
}
