using CodeAgent.Api.Artifacts;
using CodeAgent.Api.Documentation;
using CodeAgent.Api.Events;
using CodeAgent.Api.Keys;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Page;
using CodeAgent.Api.Status;
using CodeAgent.Api.Tasks;
using CodeAgent.ServiceDefaults;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Lifetime;
using CodeAgent.ServiceDefaults.Redis;

return await ServiceMain.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(ServiceMain.Arguments(args));
    builder.AddServiceDefaults(telemetry => telemetry.Untraced = LeaseExtensions.IsRoutine);
    await builder.AddRedisAsync();
    builder.AddIdentity();
    await builder.AddTasksAsync();
    builder.AddEvents();
    builder.AddLeases();
    builder.AddArtifacts();
    builder.AddKeys();
    builder.AddStatus();
    builder.AddDocumentation();

    var app = builder.Build();
    app.UseServiceDefaults();
    app.UseAuthentication();
    app.UseAuthorization();
    app.MapDefaultEndpoints();
    app.MapTasks();
    app.MapEvents();
    app.MapLeases();
    app.MapArtifacts();
    app.MapKeys();
    app.MapStatus();
    app.MapPage();
    app.MapDocumentation();

    await app.RunAsync();
});
