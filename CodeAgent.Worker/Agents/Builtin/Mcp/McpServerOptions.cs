using CodeAgent.ServiceDefaults.Configuration;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>An MCP server: a program that is started for each task, or an address.</summary>
internal sealed class McpServerOptions
{
    /// <summary>The program and its arguments, spoken with over its standard streams; started in the workspace. Or else <see cref="Url"/>.</summary>
    public List<string> Command { get; set; } = [];

    /// <summary>The address of a server that is there already.</summary>
    public string? Url { get; set; }

    /// <summary>Variables for the program, besides those that all commands get. A secret is a reference, such as <c>${GITHUB_TOKEN}</c>.</summary>
    public Dictionary<string, ConfigText> Environment { get; set; } = [];

    /// <summary>Headers for the address. A secret is a reference.</summary>
    public Dictionary<string, ConfigText> Headers { get; set; } = [];

    /// <summary>The tools that the agent gets; all of them where the list is empty.</summary>
    public List<string> Tools { get; set; } = [];

    /// <summary>The tools that change nothing, so that several of their calls may run at once. None by default: what a server says of itself is not relied on.</summary>
    public List<string> ReadOnly { get; set; } = [];

    /// <summary>How long it may take to be ready. 1 s to 10 min, 30 s by default.</summary>
    public TimeSpan StartTimeout { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a call may take. 1 s to 1 h, 2 min by default.</summary>
    public TimeSpan CallTimeout { get; set; } = TimeSpan.FromMinutes(2);

    /// <summary>What must not be shown of what it says.</summary>
    public IEnumerable<string> Secrets => Environment.Values.Concat(Headers.Values).SelectMany(text => text.Secrets);
}
