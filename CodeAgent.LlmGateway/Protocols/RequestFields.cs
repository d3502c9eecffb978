using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// An object of a request that is to be translated. It notes what was read, so that what nobody read can be refused by name: a
/// field that is dropped would change the answer in silence.
/// </summary>
/// <param name="element">The object.</param>
/// <param name="path">Where it is in the request; empty for the request itself.</param>
/// <param name="snakeToo">Whether a field may be written in snake case as well, as Google's servers allow.</param>
internal sealed class RequestFields(JsonElement element, string path, bool snakeToo = false)
{
    private readonly HashSet<string> _read = [];

    public string Path => path;

    public JsonElement Element => element;

    /// <summary>The path of a field of this object.</summary>
    public string At(string name) => path.Length == 0 ? name : $"{path}.{name}";

    /// <summary>A field; null where it is missing or null.</summary>
    public JsonElement? Value(string name)
    {
        _read.Add(name);
        if (element.TryGetProperty(name, out var value))
        {
            return value.ValueKind == JsonValueKind.Null ? null : value;
        }

        if (snakeToo)
        {
            var snake = JsonNamingPolicy.SnakeCaseLower.ConvertName(name);
            _read.Add(snake);
            return element.TryGetProperty(snake, out value) && value.ValueKind != JsonValueKind.Null ? value : null;
        }

        return null;
    }

    public string? Text(string name) => Value(name) is { } value ? Text(value, At(name)) : null;

    public string RequiredText(string name) => Text(name) ?? throw Missing(name);

    public long? Number(string name) => Value(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number && value.TryGetInt64(out var number) ? number : throw Invalid(At(name), "a whole number");

    public double? Fraction(string name) => Value(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Number ? value.GetDouble() : throw Invalid(At(name), "a number");

    public bool? Flag(string name) => Value(name) is not { } value ? null
        : value.ValueKind is JsonValueKind.True or JsonValueKind.False ? value.GetBoolean() : throw Invalid(At(name), "true or false");

    public RequestFields? Object(string name) => Value(name) is { } value ? Object(value, At(name)) : null;

    /// <summary>A list's objects; none where it is missing.</summary>
    public IEnumerable<RequestFields> Objects(string name) => Values(name).Select((value, i) => Object(value, $"{At(name)}[{i}]"));

    public IEnumerable<string> Texts(string name) => Values(name).Select((value, i) => Text(value, $"{At(name)}[{i}]"));

    /// <summary>A JSON schema or the like, kept as it is.</summary>
    public JsonElement? Kept(string name) => Value(name) is not { } value ? null
        : value.ValueKind == JsonValueKind.Object ? value.Clone() : throw Invalid(At(name), "an object");

    /// <summary>Fields that change nothing about the answer.</summary>
    public void Ignore(params ReadOnlySpan<string> names)
    {
        foreach (var name in names)
        {
            Value(name);
        }
    }

    /// <summary>Refuses what was not read.</summary>
    /// <exception cref="ProblemException">400: there is such a field.</exception>
    public void Done()
    {
        foreach (var property in element.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && !_read.Contains(property.Name))
            {
                throw NotExpressible.Of(At(property.Name));
            }
        }
    }

    public ProblemException Missing(string name) =>
        new("missing-field", StatusCodes.Status400BadRequest, $"The field '{At(name)}' is required.") { Field = At(name) };

    public static ProblemException Invalid(string field, string expected) =>
        new("invalid-field", StatusCodes.Status400BadRequest, $"'{field}' must be {expected}.") { Field = field };

    private List<JsonElement> Values(string name) => Value(name) is not { } value ? []
        : value.ValueKind == JsonValueKind.Array ? [.. value.EnumerateArray()] : throw Invalid(At(name), "a list");

    private RequestFields Object(JsonElement value, string at) =>
        value.ValueKind == JsonValueKind.Object ? new(value, at, snakeToo) : throw Invalid(at, "an object");

    private static string Text(JsonElement value, string at)
    {
        try
        {
            return value.ValueKind == JsonValueKind.String ? value.GetString()! : throw Invalid(at, "a string");
        }
        catch (InvalidOperationException)
        {
            // Half a surrogate pair, or bytes that are no UTF-8.
            throw Invalid(at, "a string of whole characters");
        }
    }
}
