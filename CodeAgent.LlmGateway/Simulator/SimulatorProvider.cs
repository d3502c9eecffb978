using System.Globalization;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>
/// Stands in for a model where there is none: plays the <see cref="Script"/> in the conversation's first message, or says what
/// it is, in whichever protocol it is asked. It remembers nothing, so the same conversation always gets the same answer, byte
/// for byte.
/// </summary>
internal sealed class SimulatorProvider(ProtocolSet protocols, TimeProvider time) : IModelProvider
{
    private const string Introduction =
        "This is CodeAgent's simulator, not a model: it only plays scripts, and there is none in the first message. "
        + "For a model set OPENAI_API_KEY or ANTHROPIC_API_KEY, start Ollama, or name a provider in config/gateway.yaml.";

    private static readonly Step Past = new() { Say = "Done." };

    public async Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken)
    {
        var asked = Asked(request);
        if (request.Operation == Operation.Embed)
        {
            return Json(request.Protocol == Protocol.Gemini ? SimulatedEmbeddings.AnswerGoogle(asked.Body) : SimulatedEmbeddings.Answer(asked.Body, deployment.UpstreamModel));
        }

        var conversation = SimulatedConversation.Read(request.Protocol, asked.Body);
        if (request.Operation == Operation.CountTokens)
        {
            return Json(SimulatedCount.Answer(request.Protocol, conversation.Tokens));
        }

        var script = Script.Find(conversation.ScriptMessage);
        var step = script is null ? new Step { Say = Introduction } : script.ElementAtOrDefault(conversation.Answers) ?? Past;
        var protocol = protocols[request.Protocol];
        var answer = new SimulatedAnswer(conversation, step, deployment.UpstreamModel);
        if (step.Fail is null && request.IsStream)
        {
            return new SimulatedStream([.. answer.Pieces(protocol.Writer(asked))], step.Wait, time) { Status = StatusCodes.Status200OK, ContentType = "text/event-stream" };
        }

        await Task.Delay(step.Wait, time, cancellationToken);
        return step.Fail is { } status
            ? new WholeAnswer(protocol.Error(new(status, $"simulated_{status}", $"The simulator's script fails here with {status}.") { Type = "simulated_error" }))
            {
                Status = status,
                ContentType = "application/json",
                Headers = step.RetryAfter is { } seconds ? RetryAfter(seconds) : [],
            }
            : Json(answer.Whole(protocol.Writer(asked)));
    }

    // What a provider would see: where the caller speaks another protocol, that is not what the caller sent.
    private static ModelRequest Asked(UpstreamRequest request) => !request.IsTranslated ? request.Origin
        : new(request.Protocol, request.Operation, request.Body is [var whole] ? whole : Join(request.Body), request.Model, request.IsStream);

    private static byte[] Join(ReadOnlyMemory<byte>[] pieces) => [.. pieces.SelectMany(piece => piece.ToArray())];

    private static WholeAnswer Json(byte[] body) => new(body) { Status = StatusCodes.Status200OK, ContentType = "application/json" };

    private static KeyValuePair<string, string>[] RetryAfter(double seconds) =>
    [
        new("retry-after", Math.Ceiling(seconds).ToString(CultureInfo.InvariantCulture)),
        new("retry-after-ms", Math.Ceiling(seconds * 1000).ToString(CultureInfo.InvariantCulture)),
    ];
}
