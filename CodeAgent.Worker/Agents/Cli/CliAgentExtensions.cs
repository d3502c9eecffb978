using CodeAgent.Worker.Agents.Cli.Aider;
using CodeAgent.Worker.Agents.Cli.Claude;
using CodeAgent.Worker.Agents.Cli.Codex;
using CodeAgent.Worker.Agents.Cli.Cursor;
using CodeAgent.Worker.Agents.Cli.Gemini;
using CodeAgent.Worker.Agents.Cli.OpenCode;
using CodeAgent.Worker.Agents.Cli.Qwen;

namespace CodeAgent.Worker.Agents.Cli;

internal static class CliAgentExtensions
{
    /// <summary>All that there are.</summary>
    public static IReadOnlyList<ICliAdapter> Adapters { get; } =
        [new CodexAdapter(), new ClaudeAdapter(), new OpenCodeAdapter(), new GeminiAdapter(), new QwenAdapter(), new CursorAdapter(), new AiderAdapter()];

    /// <summary>Adds the coding CLIs; which of them a worker offers, <see cref="CliOffer"/> says. Needs the built-in agent's client for the gateway.</summary>
    public static WebApplicationBuilder AddCliAgents(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<ModelGateway>().AddSingleton<CliServices>();
        foreach (var adapter in Adapters)
        {
            builder.Services.AddSingleton<IAgent>(services => new CliAgent(adapter, services.GetRequiredService<CliServices>()));
        }

        return builder;
    }
}
