using System.Buffers;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Protocols.Neutral;
using Microsoft.Extensions.Logging.Abstractions;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Turns a provider's answer into the caller's protocol, piece by piece.</summary>
internal sealed partial class AnswerTranslation(AnswerReader reader, AnswerWriter writer, bool isStream, ILogger? logger = null) : IDisposable
{
    private readonly EventLines _lines = new();
    private readonly PooledBuffer _whole = new(16 * 1024);
    private readonly List<AnswerEvent> _events = [];
    private bool _isFinished;

    /// <summary>
    /// Why the answer is none: by its own account, or because it cannot be said to the caller. What was written says so in the
    /// caller's protocol.
    /// </summary>
    public GatewayError? Error { get; private set; }

    /// <summary>Whether all of it was written.</summary>
    public bool HasEnded { get; private set; }

    /// <summary>Takes a piece of the provider's answer, and writes what can be said of it by now.</summary>
    public void Add(ReadOnlySpan<byte> piece, IBufferWriter<byte> output)
    {
        if (!isStream)
        {
            _whole.Append(piece);
            return;
        }

        try
        {
            while (_lines.TryRead(ref piece, out var data))
            {
                reader.Data(data, _events);
                Pass(output);
            }
        }
        catch (Exception e)
        {
            Crashed(e, output);
        }
    }

    /// <summary>The provider's answer is at its end.</summary>
    public void End(IBufferWriter<byte> output)
    {
        try
        {
            if (!isStream)
            {
                reader.Whole(_whole.Memory.Span, _events);
                Pass(output);
            }

            if (Error is null && !_isFinished)
            {
                Write(AnswerEvent.Failed.BrokeOff, output);
            }

            if (Error is null)
            {
                writer.End(output);
                Error = writer.Error;
            }
        }
        catch (Exception e)
        {
            Crashed(e, output);
        }

        HasEnded = true;
    }

    public void Dispose()
    {
        _lines.Dispose();
        _whole.Dispose();
    }

    /// <summary>Whatever a provider said that a reader or a writer stumbled over, it is the answer that failed, and its caller is told.</summary>
    private void Crashed(Exception e, IBufferWriter<byte> output)
    {
        // Where it stumbled, and not over what: that may be a part of the answer.
        LogCrashed(logger ?? NullLogger.Instance, e.GetType().Name, e.StackTrace);
        _events.Clear();
        if (Error is null)
        {
            // It may have stumbled in the middle of an event.
            output.Write("\n\n"u8);
            Write(AnswerEvent.Failed.Untranslatable, output);
        }
    }

    [LoggerMessage(LogLevel.Error, "An answer could not be translated: {Exception}{StackTrace}")]
    private static partial void LogCrashed(ILogger logger, string exception, string? stackTrace);

    private void Pass(IBufferWriter<byte> output)
    {
        foreach (var answerEvent in _events)
        {
            if (Error is null)
            {
                Write(answerEvent, output);
            }
        }

        _events.Clear();
    }

    private void Write(AnswerEvent answerEvent, IBufferWriter<byte> output)
    {
        _isFinished |= answerEvent is AnswerEvent.Finished;
        writer.Write(answerEvent, output);
        Error = (answerEvent as AnswerEvent.Failed)?.Error ?? writer.Error;
    }
}
