using CodeAgent.Worker.Agents.Builtin.Mcp;
using CodeAgent.Worker.Agents.Builtin.Models;
using Microsoft.Extensions.Options;

namespace CodeAgent.Worker.Agents.Builtin;

internal static class BuiltinAgentExtensions
{
    /// <summary>Adds the built-in agent. It needs the worker's options beside it.</summary>
    public static WebApplicationBuilder AddBuiltinAgent(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<BuiltinAgentOptions>()
            .Bind(builder.Configuration.GetSection(BuiltinAgentOptions.Section))
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<BuiltinAgentOptions>, BuiltinAgentOptionsValidator>();

        AddClient(builder.Services, GatewayClient.Name);
        AddClient(builder.Services, McpHost.ClientName);

        builder.Services.AddSingleton<GatewayClient>().AddSingleton<McpHost>();
        builder.Services.AddSingleton<IAgent, BuiltinAgent>();
        return builder;
    }

    private static void AddClient(IServiceCollection services, string name)
    {
        var http = services.AddHttpClient(name)
            // The limits on silence are elsewhere; a limit on the whole would cut long answers.
            .ConfigureHttpClient(client => client.Timeout = Timeout.InfiniteTimeSpan)
            .UseSocketsHttpHandler((handler, _) =>
            {
                handler.ConnectTimeout = TimeSpan.FromSeconds(10);
                handler.PooledConnectionLifetime = TimeSpan.FromMinutes(5);
            });
#pragma warning disable EXTEXP0001 // For evaluation only; without it a default for all clients would cut off answers after 30 seconds and send turns twice.
        http.RemoveAllResilienceHandlers();
#pragma warning restore EXTEXP0001
    }
}

/// <summary>Checks the options by their attributes.</summary>
[OptionsValidator]
internal sealed partial class BuiltinAgentOptionsValidator : IValidateOptions<BuiltinAgentOptions>;
