using System.Text.Json;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>A value in a request, which knows where it stands, so that what is wrong with it can be named.</summary>
/// <param name="Value">The value; never null in JSON's sense.</param>
/// <param name="Path">Where it stands, such as <c>messages[2].content</c>.</param>
internal readonly record struct RequestField(JsonElement Value, string Path)
{
    public JsonValueKind Kind => Value.ValueKind;

    /// <summary>A property; null where it is not there or JSON's null, which means the same to every provider.</summary>
    public RequestField? this[string name] =>
        Value.ValueKind == JsonValueKind.Object && Value.TryGetProperty(name, out var value) && value.ValueKind != JsonValueKind.Null ? new(value, At(name)) : null;

    public string Text => Value.ValueKind == JsonValueKind.String ? Value.GetString()! : throw Invalid("a text");

    public bool Flag => Value.ValueKind is JsonValueKind.True or JsonValueKind.False ? Value.GetBoolean() : throw Invalid("true or false");

    public double Number => Value.ValueKind == JsonValueKind.Number ? Value.GetDouble() : throw Invalid("a number");

    public long Integer => Value.ValueKind == JsonValueKind.Number && Value.TryGetInt64(out var number) ? number : throw Invalid("a whole number");

    public IReadOnlyList<RequestField> Items
    {
        get
        {
            if (Value.ValueKind != JsonValueKind.Array)
            {
                throw Invalid("a list");
            }

            var path = Path;
            return [.. Value.EnumerateArray().Select((item, index) => new RequestField(item, $"{path}[{index}]"))];
        }
    }

    public RequestField Object => Value.ValueKind == JsonValueKind.Object ? this : throw Invalid("an object");

    /// <summary>A property that must be there.</summary>
    /// <exception cref="ProblemException">400: it is not.</exception>
    public RequestField Required(string name) => Object[name] ?? throw new RequestField(default, At(name)).Invalid("there");

    /// <summary>Sees to it that nothing is there that would be lost.</summary>
    /// <param name="known">The names that are understood.</param>
    /// <exception cref="ProblemException">400: there is another one, with a value.</exception>
    public void Only(params ReadOnlySpan<string> known)
    {
        foreach (var property in Object.Value.EnumerateObject())
        {
            if (property.Value.ValueKind != JsonValueKind.Null && !known.Contains(property.Name))
            {
                throw NotExpressible.Of(At(property.Name));
            }
        }
    }

    public ProblemException Invalid(string expected) =>
        new("invalid-field", StatusCodes.Status400BadRequest, $"'{Path}' must be {expected}.") { Field = Path };

    public string At(string name) => Path.Length == 0 ? name : $"{Path}.{name}";

    /// <summary>The whole of a request.</summary>
    public static RequestField Root(ReadOnlySpan<byte> body) => new(JsonElement.Parse(WholeText.Of(body), new() { MaxDepth = 512 }), "");
}
