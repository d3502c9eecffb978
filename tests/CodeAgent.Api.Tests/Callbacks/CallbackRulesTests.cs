using System.Net;
using CodeAgent.Api.Callbacks;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Tests.Callbacks;

public sealed class CallbackRulesTests : IDisposable
{
    private const string Secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw";
    private const string Signed = "callbacks: { secrets: [ '${S}' ], tenants: { acme: [ '${S}' ], bare: [ '${NONE:-}' ] } }";
    private readonly DirectoryInfo _folder = Directory.CreateTempSubdirectory("codeagent-callbacks-");

    public void Dispose() => _folder.Delete(recursive: true);

    [Theory]
    [InlineData("http://ci.example.com/done", "https://HOST/PATH")]
    [InlineData("ftp://ci.example.com/done", "https://HOST/PATH")]
    [InlineData("file:///etc/passwd", "https://HOST/PATH")]
    [InlineData("//ci.example.com/done", "https://HOST/PATH")]
    [InlineData("done", "https://HOST/PATH")]
    [InlineData("", "https://HOST/PATH")]
    [InlineData("https://ci.example.com/a b", "https://HOST/PATH")]
    [InlineData("https://ci.example.com/\r\nX-Evil: 1", "https://HOST/PATH")]
    [InlineData("https://me:hunter2@ci.example.com/", "credentials")]
    [InlineData("https://me@ci.example.com/", "credentials")]
    [InlineData("https://ci.example.com/#x", "fragment")]
    [InlineData("https://localhost/", "not public")]
    [InlineData("https://127.0.0.1/", "not public")]
    [InlineData("https://2130706433/", "not public")]
    [InlineData("https://0x7f.1/", "not public")]
    [InlineData("https://10.1.2.3/", "not public")]
    [InlineData("https://169.254.169.254/latest/meta-data/", "not public")]
    [InlineData("https://[::1]/", "not public")]
    [InlineData("https://[::ffff:10.0.0.1]/", "not public")]
    [InlineData("https://[64:ff9b::a00:1]/", "not public")]
    public async Task An_address_that_callbacks_may_not_have(string callback, string said)
    {
        var refused = await RefusedAsync(Signed, callback, null);

        Assert.Contains(said, refused.Message, StringComparison.Ordinal);
        Assert.DoesNotContain("hunter2", refused.Message, StringComparison.Ordinal);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("https://ci.example.com")]
    [InlineData("https://ci.example.com:8443/hooks/codeagent?run=42")]
    [InlineData("https://[2606:4700:4700::1111]/")]
    [InlineData("https://münchen.example/")]
    public async Task An_address_that_they_may_have(string? callback)
    {
        var rules = await RulesAsync(Signed);
        rules.Require(callback, null);
        rules.Require(callback, "acme");
    }

    [Fact]
    public async Task What_configuration_allows_is_allowed()
    {
        var rules = await RulesAsync("callbacks: { secrets: [ '${S}' ], allowHttp: true, allowedNetworks: [ 127.0.0.0/8, 'fd00:1::/32' ] }");
        foreach (var callback in (string[])["http://127.0.0.1:8080/", "http://localhost/", "https://[fd00:1::5]/", "https://[::ffff:127.0.0.1]/"])
        {
            rules.Require(callback, null);
        }

        Assert.Throws<ProblemException>(() => rules.Require("http://10.0.0.1/", null));
    }

    [Theory]
    [InlineData("", null, "callbacks.secrets")]
    [InlineData("callbacks: { secrets: [ '${NONE:-}' ] }", null, "callbacks.secrets")]
    [InlineData(Signed, "bare", "callbacks.tenants.bare")]
    [InlineData(Signed, "other", "callbacks.tenants.other")]
    public async Task Without_a_secret_of_its_own_nobody_has_callbacks(string config, string? tenant, string said) =>
        Assert.Contains(said, (await RefusedAsync(config, "https://ci.example.com/", tenant)).Message, StringComparison.Ordinal);

    [Theory]
    [InlineData("callbacks: { secrets: [ whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw ] }", "environment variable")]
    [InlineData("callbacks: { secrets: [ '${SHORT}' ] }", "callbacks.secrets[0]")]
    [InlineData("callbacks: { allowedNetworks: [ 10.0.0.0/8, 10.0.0.0/33 ] }", "callbacks.allowedNetworks[1]")]
    [InlineData("callbacks: { attempts: 0 }", "callbacks.attempts")]
    [InlineData("callbacks: { timeout: 2m }", "callbacks.timeout")]
    [InlineData("callbacks: { giveUpAfter: 60d }", "callbacks.giveUpAfter")]
    [InlineData("idempotency: { keep: 1s }", "idempotency.keep")]
    [InlineData("idempotency: { lease: 0s }", "idempotency.lease")]
    public async Task A_file_that_cannot_be_right_is_refused(string yaml, string said) =>
        Assert.Contains(said, (await Assert.ThrowsAsync<ConfigFileException>(() => FileAsync(yaml))).Message, StringComparison.Ordinal);

    private async Task<ProblemException> RefusedAsync(string yaml, string callback, string? tenant)
    {
        var rules = await RulesAsync(yaml);
        var refused = Assert.Throws<ProblemException>(() => rules.Require(callback, tenant));
        Assert.Equal(("invalid-field", 400, "callback"), (refused.Type, refused.Status, refused.Field));
        return refused;
    }

    private async Task<CallbackRules> RulesAsync(string yaml)
    {
        var file = await FileAsync(yaml);
        return new(file, new(() => file.Current.Callbacks.AllowedNetworks, Dns.GetHostAddressesAsync));
    }

    private async Task<ConfigFile<ApiConfig>> FileAsync(string yaml)
    {
        var path = Path.Combine(_folder.FullName, "api.yaml");
        await File.WriteAllTextAsync(path, yaml, TestContext.Current.CancellationToken);
        return await ConfigFile.LoadAsync<ApiConfig>(path, name => name switch { "S" => Secret, "SHORT" => "whsec_c2hvcnQ=", _ => null }, ApiConfig.Validate, TestContext.Current.CancellationToken);
    }
}
