using System.Buffers;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Keeps the bytes that a caller is given, where somebody wants them later.</summary>
/// <param name="limit">Up to how many bytes are kept; 0 where nobody wants them.</param>
internal sealed class AnswerCopy(int limit) : IBufferWriter<byte>, IDisposable
{
    private readonly PooledBuffer? _bytes = limit > 0 ? new(16 * 1024) : null;
    private bool _tooLong;

    /// <summary>All bytes, where they were wanted and are not too many.</summary>
    public ReadOnlyMemory<byte>? Bytes => _bytes is null || _tooLong ? default(ReadOnlyMemory<byte>?) : _bytes.Memory;

    public void Add(ReadOnlySpan<byte> piece)
    {
        if (_bytes is null || _tooLong)
        {
            return;
        }

        _tooLong = _bytes.Length + piece.Length > limit;
        _bytes.Append(_tooLong ? [] : piece);
    }

    // What is written here goes to nobody else.
    public void Advance(int count)
    {
        _bytes?.Advance(count);
        _tooLong |= _bytes?.Length > limit;
    }

    public Memory<byte> GetMemory(int sizeHint = 0) => (_bytes ?? throw new InvalidOperationException("Nobody wants a copy.")).GetMemory(sizeHint);

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Dispose() => _bytes?.Dispose();
}
