using CodeAgent.ServiceDefaults;
using CodeAgent.Worker;
using CodeAgent.Worker.Api;

var builder = WebApplication.CreateBuilder(args);
builder.AddServiceDefaults(telemetry => telemetry.UntracedOutgoing = ApiExtensions.IsRoutine);
builder.AddWorkerOptions();
builder.AddWorkApi();
builder.AddWorkspaces();
builder.AddCommands();
builder.AddCommandAgent();
builder.AddLeases();

var app = builder.Build();
app.UseServiceDefaults();
app.MapDefaultEndpoints();

await app.RunAsync();
