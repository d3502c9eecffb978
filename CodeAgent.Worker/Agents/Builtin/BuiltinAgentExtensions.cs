using CodeAgent.Worker.Agents.Builtin.Models;
using Microsoft.Extensions.Options;

namespace CodeAgent.Worker.Agents.Builtin;

internal static class BuiltinAgentExtensions
{
    /// <summary>Adds the built-in agent.</summary>
    public static WebApplicationBuilder AddBuiltinAgent(this WebApplicationBuilder builder)
    {
        builder.Services.AddOptions<BuiltinAgentOptions>()
            .Bind(builder.Configuration.GetSection(BuiltinAgentOptions.Section))
            .ValidateOnStart();
        builder.Services.AddSingleton<IValidateOptions<BuiltinAgentOptions>, BuiltinAgentOptionsValidator>();

        var http = builder.Services.AddHttpClient(GatewayClient.Name)
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

        builder.Services.AddSingleton<GatewayClient>();
        builder.Services.AddSingleton<IAgent, BuiltinAgent>();
        return builder;
    }
}

/// <summary>Checks the options by their attributes.</summary>
[OptionsValidator]
internal sealed partial class BuiltinAgentOptionsValidator : IValidateOptions<BuiltinAgentOptions>;
