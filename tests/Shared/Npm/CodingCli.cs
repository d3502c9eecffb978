namespace CodeAgent.Testing.Npm;

/// <summary>A coding CLI as it is started for one task, and what it calls its tool for commands.</summary>
/// <param name="Name">The program.</param>
/// <param name="Tool">The tool's name.</param>
/// <param name="With">The tool's arguments, for a command.</param>
/// <param name="Start">Its arguments, environment and files.</param>
public sealed record CodingCli(string Name, string Tool, Func<string, object> With, Func<CliPlace, CliStart> Start)
{
    /// <summary>Those that there are on npm, in the versions of <c>npm/package.json</c>.</summary>
    public static IReadOnlyList<CodingCli> All { get; } =
    [
        new("codex", "exec_command", command => new { cmd = command }, place => new(
            ["exec", "--json", "--skip-git-repo-check", "-C", place.Work, "--dangerously-bypass-approvals-and-sandbox",
                "-c", "model_provider=gw", "-c", "model_providers.gw.name=gw", "-c", $"model_providers.gw.base_url={place.Gateway}/v1",
                "-c", "model_providers.gw.env_key=GATEWAY_KEY", "-c", "model_providers.gw.wire_api=responses", "-m", place.Model, place.Prompt],
            new() { ["GATEWAY_KEY"] = place.Key, ["CODEX_HOME"] = Path.Combine(place.Home, ".codex") })),

        new("claude", "Bash", command => new { command, description = "what the task says" }, place => new(
            ["-p", place.Prompt, "--output-format", "stream-json", "--verbose", "--permission-mode", "bypassPermissions", "--model", place.Model],
            new()
            {
                ["ANTHROPIC_BASE_URL"] = place.Gateway,
                ["ANTHROPIC_API_KEY"] = place.Key,
                ["CLAUDE_CODE_DISABLE_NONESSENTIAL_TRAFFIC"] = "1",
                ["DISABLE_TELEMETRY"] = "1",
                ["DISABLE_AUTOUPDATER"] = "1",
                ["IS_SANDBOX"] = "1",
            })),

        // It puts a prompt that is an argument into quotes of its own, and escapes what is in it; one on its standard input it takes as it is.
        new("opencode", "bash", command => new { command, description = "what the task says" }, place => new(
            ["run", "--format", "json", "--auto", "-m", $"gw/{place.Model}"],
            new() { ["OPENCODE_CONFIG"] = Path.Combine(place.Home, "opencode.json"), ["OPENCODE_DISABLE_AUTOUPDATE"] = "1", ["OPENCODE_DISABLE_MODELS_FETCH"] = "1" })
        {
            Input = place.Prompt,
            Files =
            {
                ["opencode.json"] = $$"""
                    {"provider":{"gw":{"npm":"@ai-sdk/openai-compatible","options":{"baseURL":"{{place.Gateway}}/v1","apiKey":"{{place.Key}}"},
                      "models":{"{{place.Model}}":{"limit":{"context":200000,"output":8000} } } } },"small_model":"gw/{{place.Model}}","snapshot":false}
                    """,
            },
        }),

        new("gemini", "run_shell_command", command => new { command, description = "what the task says" }, place => new(
            ["-m", place.Model, "-y", "-o", "stream-json", "-p", place.Prompt],
            new() { ["GEMINI_API_KEY"] = place.Key, ["GOOGLE_GEMINI_BASE_URL"] = place.Gateway, ["GEMINI_CLI_TRUST_WORKSPACE"] = "true" })
        {
            Files = { [".gemini/settings.json"] = """{"security":{"auth":{"selectedType":"gemini-api-key"}}}""" },
        }),

        new("qwen", "run_shell_command", command => new { command, description = "what the task says", is_background = false }, place => new(
            ["--auth-type", "openai", "--openai-api-key", place.Key, "--openai-base-url", $"{place.Gateway}/v1", "-m", place.Model, "-y",
                "-o", "stream-json", "--max-session-turns", "9", "-p", place.Prompt], [])),
    ];

    public override string ToString() => Name;
}

/// <summary>Where a CLI works, and with whom.</summary>
public sealed record CliPlace(string Home, string Work, string Gateway, string Key, string Model, string Prompt);

/// <summary>How a CLI is started.</summary>
public sealed record CliStart(string[] Arguments, Dictionary<string, string> Environment)
{
    /// <summary>What it reads on its standard input.</summary>
    public string Input { get; init; } = "";

    /// <summary>Files under its home, by path.</summary>
    public Dictionary<string, string> Files { get; } = [];
}
