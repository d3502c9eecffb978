using CodeAgent.LlmGateway;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults;
using CodeAgent.ServiceDefaults.Http;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Lifetime;
using CodeAgent.ServiceDefaults.Redis;

return await ServiceMain.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(args);
    builder.UseDefaultUrl("http://127.0.0.1:4000");
    builder.AddServiceDefaults();
    builder.AddIdentity();
    await builder.AddRedisAsync();
    await builder.AddGatewayAsync();

    var app = builder.Build();
    app.UseServiceDefaults();
    app.UseAuthentication();
    app.UseAuthorization();
    app.MapDefaultEndpoints();
    app.MapChat();
    app.MapModels();
    app.MapTurns();

    await app.RunAsync();
});
