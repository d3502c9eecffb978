using System.Diagnostics;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>Whether spans are to have what was said: never, unless the operator asks for it.</summary>
/// <remarks>The variable is the one that OpenTelemetry's instrumentations of GenAI clients have.</remarks>
internal sealed class ContentCapture(IConfiguration configuration, ILogger<ContentCapture> logger)
{
    public const string Variable = "OTEL_INSTRUMENTATION_GENAI_CAPTURE_MESSAGE_CONTENT";

    private readonly bool _isWanted = configuration[Variable]?.Trim().ToLowerInvariant() is "true" or "span_only" or "span_and_event";

    /// <summary>Begins with what is asked; null where nobody wants it.</summary>
    public CallContent? Of(IProtocol protocol, ModelRequest request) =>
        _isWanted && request.Operation == Operation.Generate && Activity.Current is { IsAllDataRequested: true } ? CallContent.Of(protocol, request, logger) : null;
}
