using System.Runtime.InteropServices;
using System.Text.RegularExpressions;
using YamlDotNet.Core;
using YamlDotNet.Core.Events;

namespace CodeAgent.ServiceDefaults.Configuration;

/// <summary>
/// Puts the environment's values into the values of a YAML file (never into its keys or comments), and notes the line of each
/// entry by its path. Since it works on what is parsed already, a variable's value cannot change the file's structure.
/// </summary>
/// <param name="inner">The file.</param>
/// <param name="variable">The value of a variable; null where it is not set.</param>
internal sealed partial class EnvironmentParser(IParser inner, Func<string, string?> variable) : IParser
{
    private readonly Stack<Frame> _open = [];
    private readonly Dictionary<string, long> _lines = [];
    private readonly HashSet<Mark> _references = [];
    private readonly Dictionary<Mark, List<string>> _fromEnvironment = [];

    public ParsingEvent? Current { get; private set; }

    /// <summary>Line of each entry, counted from 1, by paths such as <c>models.fast.provider</c> and <c>default[0]</c>.</summary>
    public IReadOnlyDictionary<string, long> Lines => _lines;

    /// <summary>Whether the value came from the environment as a whole.</summary>
    public bool IsReference(Scalar scalar) => _references.Contains(scalar.Start);

    /// <summary>The parts of the value that came from the environment; defaults did not.</summary>
    public IReadOnlyList<string> FromEnvironment(Scalar scalar) => _fromEnvironment.GetValueOrDefault(scalar.Start) ?? [];

    public bool MoveNext()
    {
        if (!inner.MoveNext())
        {
            return false;
        }

        Current = inner.Current;
        switch (Current)
        {
            case Scalar key when _open.TryPeek(out var frame) && frame.ExpectsKey:
                frame.Key = key.Value;
                _lines[frame.ChildPath] = key.Start.Line;
                break;
            case Scalar value:
                Enter(value);
                Current = Substitute(value);
                Leave();
                break;
            case AnchorAlias:
                Leave();
                break;
            case MappingStart start:
                _open.Push(new(Enter(start), isMapping: true));
                break;
            case SequenceStart start:
                _open.Push(new(Enter(start), isMapping: false));
                break;
            case MappingEnd or SequenceEnd:
                _open.Pop();
                Leave();
                break;
        }

        return true;
    }

    private string Enter(NodeEvent node)
    {
        var path = _open.TryPeek(out var frame) ? frame.ChildPath : "";
        _lines.TryAdd(path, node.Start.Line);
        return path;
    }

    private void Leave()
    {
        if (_open.TryPeek(out var frame))
        {
            (frame.Key, frame.Index) = (null, frame.Index + 1);
        }
    }

    private Scalar Substitute(Scalar scalar)
    {
        if (!scalar.Value.Contains("${", StringComparison.Ordinal))
        {
            return scalar;
        }

        var value = Reference().Replace(scalar.Value, match =>
        {
            if (match.Value == "$${")
            {
                return "${";
            }

            var (name, fallback) = (match.Groups["name"].Value, match.Groups["default"]);
            if (name.Length == 0)
            {
                throw new YamlException(scalar.Start, scalar.End, "'${' begins a reference: ${NAME} or ${NAME:-default}; a '${' itself is written $${");
            }

            // As in a shell: with a default, a variable that is empty counts as one that is not set.
            var found = variable(name);
            if (!string.IsNullOrEmpty(found))
            {
                (CollectionsMarshal.GetValueRefOrAddDefault(_fromEnvironment, scalar.Start, out _) ??= []).Add(found);
            }

            return fallback.Success
                ? string.IsNullOrEmpty(found) ? fallback.Value : found
                : found ?? throw new YamlException(scalar.Start, scalar.End,
                    $"the environment variable {name} is not set; write ${{{name}:-default}} where it may be missing");
        });
        if (Whole().IsMatch(scalar.Value))
        {
            _references.Add(scalar.Start);
        }

        return new Scalar(scalar.Anchor, scalar.Tag, value, scalar.Style, scalar.IsPlainImplicit, scalar.IsQuotedImplicit, scalar.Start, scalar.End);
    }

    [GeneratedRegex(@"\$\$\{|\$\{(?:(?<name>[A-Za-z_][A-Za-z0-9_]*)(?::-(?<default>[^}]*))?\})?")]
    private static partial Regex Reference();

    // With a default that is a literal, the literal would be the secret.
    [GeneratedRegex(@"^\$\{[A-Za-z_][A-Za-z0-9_]*(:-)?\}$")]
    private static partial Regex Whole();

    private sealed class Frame(string path, bool isMapping)
    {
        public string? Key { get; set; }

        public int Index { get; set; }

        public bool ExpectsKey => isMapping && Key is null;

        public string ChildPath => !isMapping ? $"{path}[{Index}]" : path.Length == 0 ? Key ?? "" : $"{path}.{Key}";
    }
}
