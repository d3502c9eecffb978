using CodeAgent.LlmGateway.Admin;
using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Cache;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Chat;
using CodeAgent.LlmGateway.Protocols.Gemini;
using CodeAgent.LlmGateway.Protocols.Messages;
using CodeAgent.LlmGateway.Protocols.Responses;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Providers.Estimates;
using CodeAgent.LlmGateway.Providers.Http;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.LlmGateway.Simulator;
using CodeAgent.LlmGateway.Telemetry;
using CodeAgent.LlmGateway.Turns;
using CodeAgent.ServiceDefaults.Configuration;
using Microsoft.AspNetCore.Connections;

namespace CodeAgent.LlmGateway;

internal static class GatewayExtensions
{
    // An answer that is on its way when the gateway is stopped gets this long; the turn can be asked again at the next one.
    private static readonly TimeSpan Grace = TimeSpan.FromSeconds(5);

    public static async Task AddGatewayAsync(this WebApplicationBuilder builder)
    {
        await builder.AddConfigFileAsync<GatewayConfig>(GatewayConfig.FileName, GatewayConfigValidator.Validate);
        builder.AddModelAccess();
        builder.AddAdminAccess();
        builder.AddProtocolErrors();

        builder.Services.Configure<HostOptions>(host => host.ShutdownTimeout = Grace);
        builder.Services.AddSingleton<IMemoryPoolFactory<byte>, LargeBlocks>();
        builder.Services.AddSingleton<GatewayMetrics>();
        builder.Services.AddSingleton<ContentCapture>();
        builder.Services.AddSingleton<ProviderClients>();
        builder.Services.AddSingleton<ProviderProbe>();
        builder.Services.AddSingleton<IProtocol, ChatProtocol>();
        builder.Services.AddSingleton<IProtocol, MessagesProtocol>();
        builder.Services.AddSingleton<IProtocol, GeminiProtocol>();
        builder.Services.AddSingleton<IProtocol, ResponsesProtocol>();
        builder.Services.AddSingleton<ProtocolSet>();
        builder.Services.AddSingleton<HttpProvider>();
        builder.Services.AddSingleton<SimulatorProvider>();
        builder.Services.AddSingleton<TokenEstimator>();
        builder.Services.AddSingleton<ModelProviders>();
        builder.Services.AddSingleton<ModelCatalog>();
        builder.Services.AddHostedService<DefaultModelWatch>();
        builder.AddBudgets();
        builder.Services.AddSingleton<TurnStore>();
        builder.Services.AddSingleton<AnswerCache>();
        builder.Services.AddSingleton<DeploymentStates>();
        builder.Services.AddSingleton<DeploymentChooser>();
        builder.Services.AddSingleton<AttemptRunner>();
        builder.Services.AddSingleton<Dispatcher>();
        builder.Services.AddSingleton<CallHandler>();
    }
}
