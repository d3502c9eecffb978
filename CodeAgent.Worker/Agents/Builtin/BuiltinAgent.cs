using System.Text.Json;
using CodeAgent.Contracts;
using CodeAgent.Worker.Agents.Builtin.Context;
using CodeAgent.Worker.Agents.Builtin.Conversations;
using CodeAgent.Worker.Agents.Builtin.Mcp;
using CodeAgent.Worker.Agents.Builtin.Models;
using CodeAgent.Worker.Agents.Builtin.Tools;
using Microsoft.Extensions.Options;

namespace CodeAgent.Worker.Agents.Builtin;

/// <summary>The agent that is part of the worker: a model at the gateway, and tools in the workspace.</summary>
internal sealed class BuiltinAgent(GatewayClient gateway, McpHost mcp, IOptions<BuiltinAgentOptions> options, TimeProvider time) : IAgent
{
    /// <summary>The gateway's name for the model of a task that asks for none.</summary>
    public const string DefaultModel = "default";

    public string Name => AgentNames.Builtin;

    public bool TakesFeedback => true;

    public async Task<AgentResult> RunAsync(AgentRun run, CancellationToken cancellationToken)
    {
        Conversation conversation;
        try
        {
            conversation = run.State is { } state ? Conversation.FromState(state) : Conversation.Begin(run.Lease.Request.Prompt);
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

        if (run.Feedback is { } feedback)
        {
            conversation.Say(feedback);
            conversation.Summary = null;
        }

        var name = run.Lease.Request.Agent.Model ?? DefaultModel;
        using var model = gateway.Model(name, run.Lease.Token);
        using var cards = gateway.Cards(run.Lease.Token);
        conversation.Context ??= ContextState.For((await cards.ListAsync(cancellationToken)).GetValueOrDefault(name)?.ContextWindow ?? options.Value.ContextWindow);
        await using var servers = mcp.ServersFor(run);
        if (run.State is null)
        {
            // A token is about four characters: a quarter of the room at most.
            conversation.Instructions = await RepositoryInstructions.ReadAsync(run.Workspace, conversation.Context.Limit, cancellationToken);
            conversation.Servers = await servers.StartAsync(cancellationToken);
        }

        var tools = new Toolbox(run, time, servers.Tools(conversation.Servers));
        return await new AgentLoop(run, name, conversation, model, new(cards), tools, time).RunAsync(cancellationToken);
    }
}
