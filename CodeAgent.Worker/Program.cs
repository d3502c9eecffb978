using CodeAgent.ServiceDefaults;
using CodeAgent.ServiceDefaults.Http;
using CodeAgent.ServiceDefaults.Lifetime;
using CodeAgent.Worker;
using CodeAgent.Worker.Agents.Builtin;
using CodeAgent.Worker.Agents.Cli;
using CodeAgent.Worker.Api;
using CodeAgent.Worker.Sandboxes.Network;

if (args is [Bridge.Command, .. var passages])
{
    return await Bridge.RunAsync(passages);
}

return await ServiceMain.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(ServiceMain.Arguments(args));

    // Nobody calls a worker but health probes, and there may be many on a machine: any free port.
    builder.UseDefaultUrl("http://127.0.0.1:0");
    builder.AddServiceDefaults(telemetry => telemetry.UntracedOutgoing = ApiExtensions.IsRoutine);
    await builder.AddWorkerOptionsAsync();
    builder.AddWorkApi();
    builder.AddWorkspaces();
    builder.AddCommands();
    builder.AddCommandAgent();
    builder.AddBuiltinAgent();
    builder.AddCliAgents();
    builder.AddLeases();

    var app = builder.Build();
    app.UseServiceDefaults();
    app.MapDefaultEndpoints();

    await app.RunAsync();
});
