using System.ClientModel;
using System.ClientModel.Primitives;
using System.Net.Http.Headers;
using CodeAgent.ServiceDefaults.Telemetry;
using Microsoft.Extensions.AI;
using Microsoft.Extensions.Options;
using OpenAI;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>Makes what a run asks the gateway with.</summary>
internal sealed class GatewayClient(
    IHttpClientFactory http, IOptions<BuiltinAgentOptions> options, TimeProvider time, ILogger<ModelClient> modelLog, ILogger<ModelCards> cardsLog)
{
    /// <summary>Name of the HTTP client.</summary>
    public const string Name = "llm-gateway";

    /// <summary>A client for one run.</summary>
    /// <param name="model">The model to ask.</param>
    /// <param name="token">The lease's token.</param>
    public ModelClient Model(string model, string token)
    {
        var key = new TurnKeyPolicy();
        var client = new OpenAIClientOptions
        {
            Endpoint = options.Value.Gateway,
            Transport = new HttpClientPipelineTransport(http.CreateClient(Name)),
            // Of the whole answer where it is read at once, of each read where it is streamed: so this limits the silence.
            NetworkTimeout = options.Value.Silence,
            // What may be tried again, and how long, depends on the turn; the model client decides it.
            RetryPolicy = new ClientRetryPolicy(maxRetries: 0),
        };
        client.AddPolicy(key, PipelinePosition.PerTry);
        var chat = new OpenAIClient(new ApiKeyCredential(token), client).GetChatClient(model).AsIChatClient()
            .AsBuilder()
            // Prompts and answers hold the repository's source; they stay out of the traces whatever the environment says.
            .UseOpenTelemetry(sourceName: CodeAgentTelemetry.Name, configure: telemetry => telemetry.EnableSensitiveData = false)
            .Build();
        return new(chat, key, options.Value, time, modelLog);
    }

    /// <summary>What is known of the models, for one run.</summary>
    public ModelCards Cards(string token)
    {
        var client = http.CreateClient(Name);
        client.DefaultRequestHeaders.Authorization = new AuthenticationHeaderValue("Bearer", token);
        return new(client, options.Value.Gateway, cardsLog);
    }
}
