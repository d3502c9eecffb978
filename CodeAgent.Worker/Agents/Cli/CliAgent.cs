using System.Text.Json;
using CodeAgent.Contracts;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>A coding CLI as an agent: whichever it is, its adapter knows.</summary>
internal sealed class CliAgent(ICliAdapter adapter, CliServices services) : IAgent
{
    /// <summary>The gateway's name for the model of a task that asks for none.</summary>
    public const string DefaultModel = "default";

    /// <summary>Below its home: what a CLI reads on its standard input.</summary>
    public const string InputFile = ".codeagent-input";

    public string Name => adapter.Name;

    public bool TakesFeedback => true;

    public string Program => services.Options().Agents?.GetValueOrDefault(Name)?.Command ?? adapter.Command;

    public async Task<AgentResult> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        CliState state;
        try
        {
            state = run.State is { } before ? CliState.Of(before) : new();
        }
        catch (JsonException e)
        {
            return new()
            {
                Failure = new(FailureCodes.AgentFailed, $"The checkpoint of turn {run.Turn} cannot be read: {e.Message}"),
                Turn = run.Turn,
                State = run.State,
                MessagesSeen = run.MessagesSeen,
                Usage = run.Usage,
            };
        }

        using var cards = services.Gateway.Cards(run.Lease.Token);
        return await new CliLoop(adapter, services, run, state, new(cards)).RunAsync(cancellationToken);
    }
}
