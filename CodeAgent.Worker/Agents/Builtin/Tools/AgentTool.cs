using System.Text.Json.Nodes;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Tools;

/// <summary>A tool of the agent.</summary>
/// <param name="Function">Its name, description, schema, and what it does.</param>
/// <param name="ReadsOnly">Whether it may run beside others of its kind.</param>
/// <param name="IsOurs">Whether its arguments are held against the schema here; who offers another looks at them himself.</param>
internal sealed record AgentTool(AIFunction Function, bool ReadsOnly, bool IsOurs = true)
{
    /// <summary>Makes a tool of a method: its descriptions and parameters become the schema, the string it returns the answer.</summary>
    public static AgentTool Of(string name, Delegate method, bool readsOnly = false) => new(
        AIFunctionFactory.Create(method, new AIFunctionFactoryOptions
        {
            Name = name,
            ExcludeResultSchema = true,
            MarshalResult = static (result, _, _) => new(result),
            JsonSchemaCreateOptions = new() { TransformSchemaNode = static (_, node) => Plain(node) },
        }),
        readsOnly);

    // Optional parameters come out as "string or null, by default null", which not every provider takes. Left out says the same.
    private static JsonNode Plain(JsonNode node)
    {
        if (node is JsonObject schema)
        {
            if (schema["type"] is JsonArray types && types.FirstOrDefault(type => type?.GetValue<string>() != "null") is { } type)
            {
                schema["type"] = type.DeepClone();
            }

            if (schema.ContainsKey("default") && schema["default"] is null)
            {
                schema.Remove("default");
            }
        }

        return node;
    }
}
