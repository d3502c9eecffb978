using CodeAgent.LlmGateway.Configuration;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.LlmGateway.Tests.Configuration;

public sealed class GatewayConfigTests
{
    private const string Good = """
        providers:
          a: { kind: openai, baseUrl: "http://127.0.0.1:1/v1" }
        models:
          m: { provider: a }
        default: [m]
        """;

    private static GatewayConfig Read(string text) =>
        ConfigReader<GatewayConfig>.Read("gateway.yaml", text, name => name == "KEY" ? "k" : null, GatewayConfigValidator.Validate);

    [Fact]
    public async Task The_file_that_is_shipped_is_good_without_any_variable()
    {
        var file = await ConfigFile.LoadAsync<GatewayConfig>(
            Path.Combine(AppContext.BaseDirectory, "gateway.yaml"), _ => null, GatewayConfigValidator.Validate, TestContext.Current.CancellationToken);

        Assert.Equal("simulator", file.Current.Default[^1]);
        Assert.All(file.Current.Providers.Where(provider => provider.Key is "openai" or "anthropic"), provider => Assert.False(provider.Value.ApiKey!.HasValue));
    }

    [Fact]
    public void Nothing_at_all_is_the_simulator() => Assert.Equal(["simulator"], Read("").Default);

    [Theory]
    [InlineData("  a: {", "  a: { apiKey: sk-literal,", 2, "a secret is not written here")]
    [InlineData("  m: {", "  new-model:\n  m: {", 4, "a value is missing here")]
    [InlineData("  a: {", "  x:\n  a: {", 2, "a value is missing here")]
    [InlineData("{ provider: a }", "{ deployments: [~] }", 4, "a value is missing here")]
    [InlineData("[m]", "[~]", 5, "a value is missing here")]
    [InlineData("kind: openai, ", "", 2, "a provider has a kind")]
    [InlineData("kind: openai, ", "kind: grok, ", 2, "'grok' is not known here; there are: openAi, anthropic, ")]
    [InlineData("kind: openai, ", "kind: [openai], ", 2, "something else belongs here")]
    [InlineData("kind: openai, ", "kind: 1, ", 2, "'1' is not known here")]
    [InlineData("http://127.0.0.1:1/v1", "127.0.0.1/v1", 2, "an http or https address")]
    [InlineData("http://127.0.0.1:1/v1", "http://user:pass@h/v1", 2, "an http or https address")]
    [InlineData("http://127.0.0.1:1/v1", "http://h/v1?key=1", 2, "an http or https address")]
    [InlineData("  a: {", "  a/b: { kind: simulator }\n  a: {", 2, "a provider's name has no '/'")]
    [InlineData("kind: openai, ", "kind: openai, silenceTimeout: 1ms, ", 2, "a duration from")]
    [InlineData("provider: a", "provider: b", 4, "there is no provider 'b'; there are: a")]
    [InlineData("provider: a", "provider: a, pricing: { inputPerMillion: -1 }", 4, "a price is 0 to 100000 dollars")]
    [InlineData("provider: a", "provider: a, contextWindow: 5", 4, "1000 to 100000000 tokens")]
    [InlineData("{ provider: a }", "{ deployments: [{ provider: a, contextWindow: 0 }] }", 4, "1000 to 100000000 tokens")]
    [InlineData("  m: {", "  default: { provider: a }\n  m: {", 4, "'default' is chosen by the list")]
    [InlineData("default: [m]", "default: []", 5, "the list is empty")]
    [InlineData("default: [m]", "default: [m, n]", 5, "there is no model 'n'; there are: m")]
    [InlineData("default: [m]", "default: [m]\nmaxRequestBytes: 5", 6, "1024 to")]
    [InlineData("default: [m]", "default: [m]\nturns: { keep: 1s }", 6, "a duration from")]
    [InlineData("default: [m]", "default: [m]\nturns: { maxAnswerBytes: -1 }", 6, "0 to")]
    public void What_is_wrong_is_said_with_its_line(string part, string instead, int line, string reason)
    {
        var e = Assert.Throws<ConfigFileException>(() => Read(Good.Replace(part, instead, StringComparison.Ordinal)));

        Assert.Equal(line, e.Problems[0].Line);
        Assert.StartsWith(reason, e.Problems[0].Reason, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData("no certificate at all", "it is no PEM file of certificates")]
    [InlineData("-----BEGIN CERTIFICATE-----\nbm9uZQ==\n-----END CERTIFICATE-----", "it is no PEM file of certificates")]
    [InlineData(null, "there is no file")]
    public async Task A_file_of_certificates_must_be_one(string? content, string reason)
    {
        var file = Path.Combine(Path.GetTempPath(), $"ca-{Guid.NewGuid():N}.pem");
        if (content is not null)
        {
            await File.WriteAllTextAsync(file, content, TestContext.Current.CancellationToken);
        }

        var e = Assert.Throws<ConfigFileException>(() => Read(Good.Replace("\"http://127.0.0.1:1/v1\"", $"\"https://127.0.0.1:1/v1\", caFile: {file}", StringComparison.Ordinal)));

        File.Delete(file);
        Assert.Equal(2, e.Problems[0].Line);
        Assert.StartsWith(reason, e.Problems[0].Reason, StringComparison.Ordinal);
    }
}
