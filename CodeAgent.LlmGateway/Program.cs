using CodeAgent.LlmGateway;
using CodeAgent.LlmGateway.Admin;
using CodeAgent.LlmGateway.Keys;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Protocols.Messages;
using CodeAgent.LlmGateway.Protocols.Responses;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults;
using CodeAgent.ServiceDefaults.Http;
using CodeAgent.ServiceDefaults.Lifetime;
using CodeAgent.ServiceDefaults.Redis;

return await ServiceMain.RunAsync(async () =>
{
    var builder = WebApplication.CreateBuilder(ServiceMain.Arguments(args));
    builder.UseDefaultUrl("http://127.0.0.1:4000");
    builder.AddServiceDefaults();
    builder.AddGatewayIdentity();
    await builder.AddRedisAsync();
    await builder.AddGatewayAsync();

    var app = builder.Build();
    app.UseServiceDefaults();
    app.UseAuthentication();
    app.UseAuthorization();
    app.MapDefaultEndpoints();
    app.MapChat();
    app.MapMessages();
    app.MapGemini();
    app.MapResponses();
    app.MapModels();
    app.MapTurns();
    app.MapAdmin();

    await app.RunAsync();
});
