using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Shows a provider's answer to the <see cref="AnswerWatch"/> of its protocol while it goes through.</summary>
/// <param name="watch">Understands the protocol.</param>
/// <param name="isStream">Whether the answer is a stream of events.</param>
internal sealed class AnswerTap(AnswerWatch watch, bool isStream) : IDisposable
{
    // Far more than any answer of a model has.
    private const int LongestWhole = 64 * 1024 * 1024;

    private readonly PooledBuffer? _whole = isStream ? null : new(16 * 1024);
    private readonly EventLines? _lines = isStream ? new() : null;

    public AnswerWatch Watch { get; } = watch;

    /// <summary>Whether it is longer than what is kept; <see cref="Whole"/> is not whole then.</summary>
    public bool IsTooLong { get; private set; }

    /// <summary>An answer that is no stream, as far as it has come.</summary>
    public ReadOnlyMemory<byte> Whole => _whole?.Memory ?? default;

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_lines is not null)
        {
            while (_lines.TryRead(ref piece, out var data))
            {
                Watch.Data(data);
            }
        }
        else if (!IsTooLong)
        {
            IsTooLong = _whole!.Length + piece.Length > LongestWhole;
            _whole.Append(IsTooLong ? [] : piece);
        }
    }

    /// <summary>To be called when the answer is at its end.</summary>
    public void End()
    {
        if (!isStream && !IsTooLong)
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
