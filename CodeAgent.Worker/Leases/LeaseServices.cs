using CodeAgent.Worker.Agents;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Checks;
using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Deliveries;
using CodeAgent.Worker.Sandboxes;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Leases;

/// <summary>What every lease needs.</summary>
/// <param name="Api">The Api.</param>
/// <param name="Folders">Where workspaces go.</param>
/// <param name="Workspaces">Makes them.</param>
/// <param name="Sandboxes">Makes what programs run in.</param>
/// <param name="Agents">The agents there are.</param>
/// <param name="Clis">Which of them that are coding CLIs are offered here.</param>
/// <param name="Checks">Runs checks.</param>
/// <param name="Deliverer">Makes branches.</param>
/// <param name="Options">The options.</param>
/// <param name="Time">The clock.</param>
internal sealed record LeaseServices(
    WorkApi Api, WorkFolders Folders, WorkspaceFactory Workspaces, SandboxFactory Sandboxes, IEnumerable<IAgent> Agents, CliOffer Clis,
    CheckRunner Checks, Deliverer Deliverer, CurrentOptions Options, TimeProvider Time);
