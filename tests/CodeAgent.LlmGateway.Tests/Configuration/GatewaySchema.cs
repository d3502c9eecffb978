using System.Reflection;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Text.Json.Schema;
using System.Text.Json.Serialization;
using System.Text.Json.Serialization.Metadata;
using System.Text.RegularExpressions;
using System.Xml.Linq;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Tests.Configuration;

/// <summary>Makes the schema of gateway.yaml that editors understand, from the classes that the file is read into and what is said of them.</summary>
internal static partial class GatewaySchema
{
    private static readonly JsonSerializerOptions Options = new()
    {
        PropertyNamingPolicy = JsonNamingPolicy.CamelCase,
        Converters = { new JsonStringEnumConverter(JsonNamingPolicy.CamelCase) },
        UnmappedMemberHandling = JsonUnmappedMemberHandling.Disallow,
        TypeInfoResolver = new DefaultJsonTypeInfoResolver
        {
            // What is only read from the classes cannot be written in the file.
            Modifiers = { type => type.Properties.Where(property => property.Set is null).ToList().ForEach(property => type.Properties.Remove(property)) },
        },
        NumberHandling = JsonNumberHandling.Strict,
        WriteIndented = true,
        Encoder = System.Text.Encodings.Web.JavaScriptEncoder.UnsafeRelaxedJsonEscaping,
    };

    public static string Make()
    {
        Dictionary<string, string> summaries = [];
        foreach (var assembly in (Assembly[])[typeof(GatewayConfig).Assembly, typeof(ConfigSecret).Assembly])
        {
            foreach (var member in XDocument.Load(Path.ChangeExtension(assembly.Location, ".xml")).Descendants("member"))
            {
                if (member.Element("summary") is { } summary)
                {
                    summaries[(string)member.Attribute("name")!] = Text(summary);
                }
            }
        }

        var schema = Options.GetJsonSchemaAsNode(typeof(GatewayConfig), new()
        {
            TreatNullObliviousAsNonNullable = true,
            TransformSchemaNode = (context, node) => Describe(context, node, summaries),
        }).AsObject();
        schema.Insert(0, "$schema", "https://json-schema.org/draft/2020-12/schema");
        schema.Insert(1, "title", "config/gateway.yaml");
        return schema.ToJsonString(Options) + "\n";
    }

    private static JsonObject Describe(JsonSchemaExporterContext context, JsonNode node, Dictionary<string, string> summaries)
    {
        var type = Nullable.GetUnderlyingType(context.TypeInfo.Type) ?? context.TypeInfo.Type;
        var made = type == typeof(TimeSpan) ? new JsonObject { ["type"] = "string", ["pattern"] = @"^(\d{1,9}(\.\d{1,6})?\s*(ms|s|m|h|d)|.*\$\{.*)$" }
            : type == typeof(ConfigSecret) ? new JsonObject { ["type"] = new JsonArray("string", "null"), ["pattern"] = @"^\$\{[^}]+\}$|^$" }
            : type == typeof(ConfigText) ? new JsonObject { ["type"] = "string" }
            : type.IsPrimitive && type != typeof(bool) || type == typeof(decimal) ? new JsonObject { ["type"] = type == typeof(decimal) || type == typeof(double) ? "number" : "integer" }
            : type.IsEnum ? new JsonObject { ["enum"] = new JsonArray([.. Names(type)]) }
            : node is JsonObject found ? found : new JsonObject();
        if (context.PropertyInfo?.AttributeProvider is PropertyInfo property
            && summaries.TryGetValue($"P:{property.DeclaringType!.FullName!.Replace('+', '.')}.{property.Name}", out var summary))
        {
            made.Remove("description");
            made.Insert(0, "description", summary);
        }

        return made;
    }

    // The file is read without regard to upper and lower case; both ways in use are offered.
    private static IEnumerable<JsonNode> Names(Type type) => Enum.GetNames(type)
        .SelectMany(name => new[] { name.ToLowerInvariant(), JsonNamingPolicy.CamelCase.ConvertName(name) }).Distinct().Select(name => (JsonNode)name);

    private static string Text(XElement summary)
    {
        foreach (var reference in summary.Descendants("see").ToList())
        {
            var name = (string?)reference.Attribute("cref") ?? "";
            reference.ReplaceWith(JsonNamingPolicy.CamelCase.ConvertName(name[(name.LastIndexOf('.') + 1)..]));
        }

        return Spaces().Replace(summary.Value.Trim(), " ");
    }

    [GeneratedRegex(@"\s+")]
    private static partial Regex Spaces();
}
