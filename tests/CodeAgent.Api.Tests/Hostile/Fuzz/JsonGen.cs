using System.Globalization;
using System.Text.Json;
using FsCheck;
using FsCheck.Fluent;

namespace CodeAgent.Api.Tests.Hostile.Fuzz;

/// <summary>JSON that fits a schema of the document, with mistakes now and then. As text, since much of it is no JSON any more.</summary>
/// <param name="document">The document, for what schemas refer to.</param>
/// <param name="mistakes">In how many of a hundred places something else stands; 0 for none.</param>
internal sealed class JsonGen(JsonElement document, int mistakes)
{
    // What the schema does not say: values with which a request gets past the rules, so that what is behind them is reached as well.
    private static readonly Dictionary<string, string[]> Hints = new()
    {
        ["type"] = ["direct", "output"],
        ["prompt"] = ["true", "Do it."],
        ["url"] = ["https://example.org/a.git"],
        ["agents"] = ["""["command","builtin"]"""],
        ["scopes"] = ["""["read"]"""],
        ["callback"] = ["null"],
        ["image"] = ["null"],
        ["atLeast"] = ["null", "none"],
        ["branch"] = ["codeagent/{id}"],
        ["push"] = ["false"],
        ["pullRequest"] = ["null"],
        ["sparse"] = ["[]"],
        ["depth"] = ["1"],
        ["labels"] = ["""{"a":"b"}""", "{}"],
        ["waitSeconds"] = ["0"],
        ["first"] = ["0"],
        ["capacity"] = ["1"],
        ["at"] = ["2026-01-02T03:04:05Z"],
        ["approvals"] = ["{}"],
        ["results"] = ["{}"],
        ["patch"] = ["null", "log"],
        ["outcome"] = ["succeeded", "failed", "canceled"],
    };

    /// <summary>JSON for a schema.</summary>
    public Gen<string> Of(JsonElement schema, string? name = null, int depth = 0)
    {
        var right = name is not null && Hints.TryGetValue(name, out var hints)
            ? Gen.Elements(hints).Select(hint => hint is "null" or "false" || hint[0] is '[' or '{' or '0' or '1' ? hint : $"\"{hint}\"")
            : Right(schema, depth);
        return mistakes == 0 ? right : Gen.Frequency((100 - mistakes, right), (mistakes, Texts.Value));
    }

    private Gen<string> Right(JsonElement schema, int depth)
    {
        if (depth > 8)
        {
            return Gen.Constant("null");
        }

        if (schema.TryGetProperty("$ref", out var reference))
        {
            return Right(document.GetProperty("components").GetProperty("schemas").GetProperty(reference.GetString()!.Split('/')[^1]), depth);
        }

        if (schema.TryGetProperty("oneOf", out var several))
        {
            return Gen.OneOf([.. several.EnumerateArray().Select(one => Right(one, depth + 1))]);
        }

        if (schema.TryGetProperty("enum", out var values))
        {
            return Gen.Elements(values.EnumerateArray().Select(value => value.GetRawText()).ToArray());
        }

        var type = !schema.TryGetProperty("type", out var named) ? null : named.ValueKind == JsonValueKind.Array ? named.EnumerateArray().Select(one => one.GetString()).First(one => one != "null") : named.GetString();
        return type switch
        {
            "null" => Gen.Constant("null"),
            "boolean" => Gen.Elements("true", "false"),
            "integer" => Gen.Choose(0, 5).Select(number => number.ToString(CultureInfo.InvariantCulture)),
            "number" => Gen.Elements("0", "1", "0.5"),
            "string" => Gen.Elements("\"a\"", "\"b c\"", "\"command\"", "\"builtin\""),
            "array" => from count in Gen.Choose(0, 3) from items in Of(schema.GetProperty("items"), depth: depth + 1).ListOf(count) select $"[{string.Join(',', items)}]",
            "object" when schema.TryGetProperty("properties", out var properties) => Object(schema, properties, depth),
            "object" => Gen.Elements("{}", "{\"a\":\"b\"}"),
            _ => mistakes == 0 ? Gen.Elements("{}", "{\"text\":\"a\"}", "[1]") : Texts.Value,
        };
    }

    private Gen<string> Object(JsonElement schema, JsonElement properties, int depth)
    {
        HashSet<string?> required = schema.TryGetProperty("required", out var names) ? [.. names.EnumerateArray().Select(one => one.GetString())] : [];
        var members = properties.EnumerateObject().Select(property =>
            from value in Of(property.Value, property.Name, depth + 1)
            from chance in Gen.Choose(0, 99)
            let member = $"\"{property.Name}\":{value}"
            // Required ones are left out by mistake alone, the others mostly; by mistake one comes twice.
            select chance < mistakes / 2 ? $"{member},{member}" : required.Contains(property.Name) ? (chance < mistakes ? "" : member) : chance < 35 ? member : "");
        return from all in Gen.CollectToList(members)
               from chance in Gen.Choose(0, 99)
               select $"{{{string.Join(',', all.Append(chance < mistakes ? "\"unknown\":1" : "").Where(member => member.Length > 0))}}}";
    }
}
