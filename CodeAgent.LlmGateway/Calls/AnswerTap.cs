using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Shows a provider's answer to the <see cref="AnswerWatch"/> of its protocol while it goes through.</summary>
/// <param name="watch">Understands the protocol.</param>
/// <param name="isStream">Whether the answer is a stream of events.</param>
internal sealed class AnswerTap(AnswerWatch watch, bool isStream) : IDisposable
{
    // Far more than any answer of a model has; what is longer goes through without being understood.
    private const int LongestWhole = 64 * 1024 * 1024;

    private readonly PooledBuffer? _whole = isStream ? null : new(16 * 1024);
    private readonly EventLines? _lines = isStream ? new() : null;
    private bool _tooLong;

    public AnswerWatch Watch { get; } = watch;

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_lines is not null)
        {
            while (_lines.TryRead(ref piece, out var data))
            {
                Watch.Data(data);
            }
        }
        else if (!_tooLong)
        {
            _tooLong = _whole!.Length + piece.Length > LongestWhole;
            _whole.Append(_tooLong ? [] : piece);
        }
    }

    /// <summary>To be called when the answer is at its end.</summary>
    public void End()
    {
        if (!isStream && !_tooLong)
        {
            Watch.Whole(_whole!.Memory.Span);
        }
    }

    public void Dispose()
    {
        _whole?.Dispose();
        _lines?.Dispose();
    }
}
