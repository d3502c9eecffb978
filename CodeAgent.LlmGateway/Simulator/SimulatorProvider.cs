using System.Globalization;
using CodeAgent.LlmGateway.Errors;
using CodeAgent.LlmGateway.Providers;
using CodeAgent.LlmGateway.Routing;

namespace CodeAgent.LlmGateway.Simulator;

/// <summary>
/// Stands in for a model where there is none: plays the <see cref="Script"/> in the conversation's first message, or says what
/// it is. It remembers nothing, so the same conversation always gets the same answer, byte for byte.
/// </summary>
internal sealed class SimulatorProvider(TimeProvider time) : IModelProvider
{
    private const string Introduction =
        "This is CodeAgent's simulator, not a model: it only plays scripts, and there is none in the first message. "
        + "For a model set OPENAI_API_KEY or ANTHROPIC_API_KEY, start Ollama, or name a provider in config/gateway.yaml.";

    private static readonly Step Past = new() { Say = "Done." };

    public async Task<ProviderAnswer> AskAsync(UpstreamRequest request, Deployment deployment, CancellationToken cancellationToken)
    {
        var conversation = SimulatedConversation.Read(request.Origin.Body);
        var script = Script.Find(conversation.FirstMessage);
        var step = script is null ? new Step { Say = Introduction } : script.ElementAtOrDefault(conversation.Answers) ?? Past;
        var writer = new CompletionWriter(conversation, step, deployment.UpstreamModel);
        if (step.Fail is null && request.IsStream)
        {
            return new SimulatedStream([.. writer.Pieces()], step.Wait, time) { Status = StatusCodes.Status200OK, ContentType = "text/event-stream" };
        }

        await Task.Delay(step.Wait, time, cancellationToken);
        return step.Fail is { } status
            ? new WholeAnswer(new OpenAiError($"The simulator's script fails here with {status}.", "simulated_error", $"simulated_{status}", null).ToBytes())
            {
                Status = status,
                ContentType = "application/json",
                Headers = step.RetryAfter is { } seconds ? RetryAfter(seconds) : [],
            }
            : new WholeAnswer(writer.Whole()) { Status = StatusCodes.Status200OK, ContentType = "application/json" };
    }

    private static KeyValuePair<string, string>[] RetryAfter(double seconds) =>
    [
        new("retry-after", Math.Ceiling(seconds).ToString(CultureInfo.InvariantCulture)),
        new("retry-after-ms", Math.Ceiling(seconds * 1000).ToString(CultureInfo.InvariantCulture)),
    ];
}
