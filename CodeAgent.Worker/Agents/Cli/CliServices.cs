using CodeAgent.Worker.Configuration;
using CodeAgent.Worker.Workspaces;

namespace CodeAgent.Worker.Agents.Cli;

/// <summary>What every CLI's run needs.</summary>
/// <param name="Gateway">The gateway, from the worker.</param>
/// <param name="Folders">Where homes are.</param>
/// <param name="Options">The options.</param>
/// <param name="Time">The clock.</param>
internal sealed record CliServices(ModelGateway Gateway, WorkFolders Folders, CurrentOptions Options, TimeProvider Time);
