using System.Diagnostics;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;

namespace CodeAgent.LlmGateway.Telemetry;

/// <summary>What was said in a call, for its span. Whatever it stumbles over, the call goes on without it.</summary>
internal sealed partial class CallContent
{
    /// <summary>Longest answer that is looked at, in bytes.</summary>
    public const int LongestAnswer = 1024 * 1024;

    private readonly IProtocol _protocol;
    private readonly bool _isStream;
    private readonly bool _isSingle;
    private readonly ILogger _logger;
    private string? _system;
    private string? _input;
    private string? _output;

    private CallContent(IProtocol protocol, ModelRequest request, ILogger logger) =>
        (_protocol, _isStream, _isSingle, _logger) = (protocol, request.IsStream, request.Choices == 1, logger);

    public static CallContent Of(IProtocol protocol, ModelRequest request, ILogger logger)
    {
        var content = new CallContent(protocol, request, logger);
        content.Try(() =>
        {
            var conversation = protocol.Read(request);
            (content._system, content._input) = (conversation.System.Count == 0 ? null : ContentJson.System(conversation.System), ContentJson.Input(conversation.Messages));
        });
        return content;
    }

    /// <summary>What the caller was given, in the caller's protocol; also where it broke off. Of several answers to one request none is told.</summary>
    public void Answered(ReadOnlyMemory<byte> answer) => Try(() =>
    {
        if (!_isSingle || answer.Length > LongestAnswer)
        {
            return;
        }

        var (reader, events) = (_protocol.Reader(), new List<AnswerEvent>());
        if (!_isStream)
        {
            reader.Whole(answer.Span, events);
        }
        else
        {
            using var lines = new EventLines();
            var rest = answer.Span;
            while (lines.TryRead(ref rest, out var data))
            {
                reader.Data(data, events);
            }
        }

        _output = ContentJson.Output(events);
    });

    public void Tell(Activity span) => span.SetTag("gen_ai.system_instructions", _system).SetTag("gen_ai.input.messages", _input).SetTag("gen_ai.output.messages", _output);

    private void Try(Action read)
    {
        try
        {
            read();
        }
        catch (Exception e)
        {
            // What the gateway passes on without understanding it is none of its business otherwise; telemetry must not break it.
            LogNotUnderstood(e.GetType().Name);
        }
    }

    [LoggerMessage(LogLevel.Information, "Not all that was said is in the span, for it could not be read: {Exception}")]
    private partial void LogNotUnderstood(string exception);
}
