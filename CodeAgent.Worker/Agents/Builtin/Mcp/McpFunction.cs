using System.Text.Json;
using Microsoft.Extensions.AI;

namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>A tool of a server as the model calls it.</summary>
internal sealed class McpFunction(ServerTool tool, Func<ServerTool, AIFunctionArguments, CancellationToken, Task<string>> call) : AIFunction
{
    public override string Name => tool.OfferedAs;

    public override string Description => tool.Description;

    public override JsonElement JsonSchema => tool.Schema;

    protected override async ValueTask<object?> InvokeCoreAsync(AIFunctionArguments arguments, CancellationToken cancellationToken) =>
        await call(tool, arguments, cancellationToken);
}
