using System.Text.Json.Nodes;
using CodeAgent.LlmGateway.Configuration;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class GatewaySchemaTests
{
    private const string Update = "UPDATE_SCHEMA";
    private const string Command = $"{Update}=1 dotnet run --project tests/CodeAgent.LlmGateway.Tests -- --filter-class {nameof(CodeAgent)}.LlmGateway.Tests.Configuration.{nameof(GatewaySchemaTests)}";

    private static string SchemaPath()
    {
        var folder = new DirectoryInfo(AppContext.BaseDirectory);
        while (!File.Exists(Path.Combine(folder.FullName, "CodeAgent.sln")))
        {
            folder = folder.Parent ?? throw new InvalidOperationException("The tests are not in the repository.");
        }

        return Path.Combine(folder.FullName, "config", "gateway.schema.json");
    }

    [Fact]
    public async Task The_schema_of_the_configuration_is_what_the_configuration_is_read_into()
    {
        var made = GatewaySchema.Make();
        if (Environment.GetEnvironmentVariable(Update) == "1")
        {
            await File.WriteAllTextAsync(SchemaPath(), made, TestContext.Current.CancellationToken);
        }

        var kept = File.Exists(SchemaPath()) ? await File.ReadAllTextAsync(SchemaPath(), TestContext.Current.CancellationToken) : "";

        Assert.True(made == kept, $"config/gateway.schema.json is not up to date. Make it anew with: {Command}");
    }

    [Fact]
    public void The_schema_knows_what_a_provider_is_and_refuses_what_it_does_not_know()
    {
        var schema = JsonNode.Parse(GatewaySchema.Make())!;
        var provider = schema["properties"]!["providers"]!["additionalProperties"]!;

        Assert.False(schema["additionalProperties"]!.GetValue<bool>());
        Assert.False(provider["additionalProperties"]!.GetValue<bool>());
        Assert.Contains("openai", provider["properties"]!["kind"]!["enum"]!.AsArray().Select(kind => kind!.GetValue<string>()));
        Assert.Contains("10 s by default", provider["properties"]!["connectTimeout"]!["description"]!.GetValue<string>(), StringComparison.Ordinal);
        Assert.All(typeof(GatewayConfig).GetProperties(), property => Assert.NotNull(schema["properties"]![char.ToLowerInvariant(property.Name[0]) + property.Name[1..]]));
    }
}
