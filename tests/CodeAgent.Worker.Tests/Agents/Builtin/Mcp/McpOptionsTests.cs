using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Tests.Agents.Builtin.Mcp;

public sealed class McpOptionsTests : IAsyncLifetime
{
    private McpBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await McpBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Fact]
    public async Task What_the_file_says_holds()
    {
        await _bench.ConfigureAsync("a: { command: [x, y], environment: { LEVEL: debug, A_TOKEN: '${TOKEN_OF_TESTS}' }, tools: [t], readOnly: [t], startTimeout: 5s, callTimeout: 1h }\n  b-2: { url: 'https://h/mcp', headers: { Authorization: 'Bearer ${TOKEN_OF_TESTS}' } }");

        var (a, b) = (_bench.Agent.Options.Mcp["a"], _bench.Agent.Options.Mcp["b-2"]);
        Assert.Equal(["x", "y"], a.Command);
        Assert.Equal(("debug", "s3cr3t-value"), (a.Environment["LEVEL"].Reveal(), a.Environment["A_TOKEN"].Reveal()));
        Assert.Equal((TimeSpan.FromSeconds(5), TimeSpan.FromHours(1), TimeSpan.FromSeconds(30)), (a.StartTimeout, a.CallTimeout, b.StartTimeout));
        Assert.Equal("Bearer s3cr3t-value", b.Headers["Authorization"].Reveal());
    }

    [Theory]
    [InlineData("a: {}", "mcp.a: either 'command'")]
    [InlineData("a: { command: [x], url: 'http://h' }", "mcp.a: either 'command'")]
    [InlineData("a: { command: [''] }", "mcp.a.command: the program has no name")]
    [InlineData("a: { url: 'ftp://h' }", "mcp.a.url: an http or https address")]
    [InlineData("a: { url: 'http://u:p@h' }", "mcp.a.url: an http or https address")]
    [InlineData("a__b: { command: [x] }", "mcp.a__b: a server's name")]
    [InlineData("A: { command: [x] }", "mcp.A: a server's name")]
    [InlineData("a: { command: [x], environment: { GITHUB_TOKEN: abc } }", "mcp.a.environment.GITHUB_TOKEN: a secret is not written here")]
    [InlineData("a: { url: 'http://h', headers: { Authorization: 'Bearer abc' } }", "mcp.a.headers.Authorization: a secret is not written here")]
    [InlineData("a: { command: [x], environment: { CODEAGENT_X: abc } }", "not beginning with CODEAGENT_")]
    [InlineData("a: { command: [x], headers: { A: b } }", "mcp.a.headers: a server with a 'command'")]
    [InlineData("a: { url: 'http://h', environment: { A: b } }", "mcp.a.environment: a server with a 'url'")]
    [InlineData("a: { command: [x], tools: [t], readOnly: [u] }", "mcp.a.readOnly: 'u' is none")]
    [InlineData("a: { command: [x], startTimeout: 1h }", "mcp.a.startTimeout: 1s to 10m")]
    [InlineData("a: { command: [x], callTimeout: 0s }", "mcp.a.callTimeout: 1s to 1h")]
    public async Task What_is_wrong_is_refused_with_its_line_and_what_would_be_right(string mcp, string reason)
    {
        var refused = await Assert.ThrowsAsync<ConfigFileException>(() => _bench.ConfigureAsync(mcp));

        Assert.Equal(2, refused.Problems[0].Line);
        Assert.Contains(reason, refused.Message, StringComparison.Ordinal);
    }
}
