using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli.Codex;

/// <summary>OpenAI's Codex CLI, measured at 0.169.0.</summary>
internal sealed class CodexAdapter : ICliAdapter
{
    private const string KeyVariable = "CODEX_GATEWAY_KEY";

    public string Name => AgentNames.Codex;

    public string Command => "codex";

    public string SessionFolder(string workspace) => Path.Combine(".codex", "sessions");

    public ICliEvents Events() => new CodexEvents();

    public TaskFailure? Judge(CliOutcome outcome) => CodexVerdict.Of(outcome);

    // codex exec [resume] … [THREAD] -      with the prompt on its standard input, which it would otherwise wait for
    public CliStart Start(CliTurn turn) => new()
    {
        Arguments =
        [
            "exec", .. turn.Session is null ? Array.Empty<string>() : ["resume"],
            "--json", "--skip-git-repo-check",

            // The worker's sandbox is the sandbox; with its own one, and its home in the wrong place, no command runs and all looks well.
            "--dangerously-bypass-approvals-and-sandbox",
            "-c", "model_provider=gateway",
            "-c", "model_providers.gateway.name=gateway",
            "-c", $"model_providers.gateway.base_url={turn.Gateway}/v1",
            "-c", $"model_providers.gateway.env_key={KeyVariable}",
            "-c", "model_providers.gateway.wire_api=responses",

            // The gateway has tried again already, and elsewhere.
            "-c", "model_providers.gateway.request_max_retries=2",
            "-c", "model_providers.gateway.stream_max_retries=3",

            // A tool of OpenAI's own servers, which other providers behind the gateway do not have.
            "-c", "web_search=disabled",
            "-m", turn.Model,
            .. turn.Session is { } session ? [session] : Array.Empty<string>(),
            "-",
        ],
        Environment = new Dictionary<string, string> { [KeyVariable] = turn.Key },
        Input = turn.Prompt,
    };
}
