using System.Text.RegularExpressions;
using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>What can be wrong with MCP servers.</summary>
internal static partial class McpOptionsValidator
{
    public static void Validate(IReadOnlyDictionary<string, McpServerOptions> servers, ConfigProblems problems)
    {
        foreach (var (name, server) in servers)
        {
            var path = $"mcp.{name}";
            problems.Require(Name().IsMatch(name) && !name.Contains("__", StringComparison.Ordinal), path,
                "a server's name is 1 to 30 lower-case letters, digits, '-' and '_', and has no '__'");
            Validate(server, path, problems);
            Values(server.Environment, $"{path}.environment", problems);
            Values(server.Headers, $"{path}.headers", problems);
        }
    }

    private static void Validate(McpServerOptions server, string path, ConfigProblems problems)
    {
        problems.Require(server.Command.Count > 0 != server.Url is not null, path, "either 'command', a list of a program and its arguments, or 'url'");
        problems.Require(server.Command.FirstOrDefault() is not "", $"{path}.command", "the program has no name");
        problems.Require(server.Url is null || IsAddress(server.Url), $"{path}.url", "an http or https address without user and password");
        problems.Require(server.Environment.Count == 0 || server.Url is null, $"{path}.environment", "a server with a 'url' is started by somebody else: give it 'headers'");
        problems.Require(server.Headers.Count == 0 || server.Command.Count == 0, $"{path}.headers", "a server with a 'command' is no address: give it an 'environment'");
        foreach (var variable in server.Environment.Keys)
        {
            problems.Require(Variable().IsMatch(variable) && !variable.StartsWith("CODEAGENT_", StringComparison.OrdinalIgnoreCase),
                $"{path}.environment.{variable}", "letters, digits and '_', not beginning with CODEAGENT_");
        }

        foreach (var tool in server.ReadOnly.Where(tool => server.Tools.Count > 0 && !server.Tools.Contains(tool)))
        {
            problems.Add($"{path}.readOnly", $"'{tool}' is none of its 'tools'");
        }

        problems.Require(server.StartTimeout >= TimeSpan.FromSeconds(1) && server.StartTimeout <= TimeSpan.FromMinutes(10), $"{path}.startTimeout", "1s to 10m");
        problems.Require(server.CallTimeout >= TimeSpan.FromSeconds(1) && server.CallTimeout <= TimeSpan.FromHours(1), $"{path}.callTimeout", "1s to 1h");
    }

    private static void Values(Dictionary<string, ConfigText> values, string path, ConfigProblems problems)
    {
        foreach (var (name, text) in values.Where(value => Secret().IsMatch(value.Key)))
        {
            problems.Require(text.Secrets.Count > 0 || text.Reveal().Length == 0, $"{path}.{name}",
                "a secret is not written here: name the environment variable that holds it, for instance ${MY_TOKEN}");
        }
    }

    private static bool IsAddress(string url) =>
        Uri.TryCreate(url, UriKind.Absolute, out var uri) && uri.Scheme is "http" or "https" && uri.UserInfo.Length == 0;

    [GeneratedRegex("^[a-z0-9][a-z0-9_-]{0,29}$")]
    private static partial Regex Name();

    [GeneratedRegex("^[A-Za-z_][A-Za-z0-9_]*$")]
    private static partial Regex Variable();

    [GeneratedRegex("token|secret|password|authorization|cookie|credential|(^|[_-])(api)?key($|[_-])|apikey", RegexOptions.IgnoreCase)]
    private static partial Regex Secret();
}
