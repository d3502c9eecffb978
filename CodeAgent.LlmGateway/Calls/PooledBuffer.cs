using System.Buffers;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>Bytes that grow, in memory that is borrowed from the pool: prompts are large, and each would be a large object.</summary>
internal sealed class PooledBuffer : IBufferWriter<byte>, IDisposable
{
    private byte[] _bytes;

    public PooledBuffer(int capacity) => _bytes = ArrayPool<byte>.Shared.Rent(capacity);

    public int Length { get; private set; }

    /// <summary>What is in it; good until it grows or is disposed of.</summary>
    public ReadOnlyMemory<byte> Memory => _bytes.AsMemory(0, Length);

    /// <summary>Room for at least one more byte, to be filled before <see cref="Advance"/>.</summary>
    public Memory<byte> Free()
    {
        Reserve(1);
        return _bytes.AsMemory(Length);
    }

    /// <summary>Room for so many bytes in all.</summary>
    public void Expect(int length) => Reserve(length - Length);

    public void Advance(int count) => Length += count;

    public Memory<byte> GetMemory(int sizeHint = 0)
    {
        Reserve(Math.Max(1, sizeHint));
        return _bytes.AsMemory(Length);
    }

    public Span<byte> GetSpan(int sizeHint = 0) => GetMemory(sizeHint).Span;

    public void Append(ReadOnlySpan<byte> bytes)
    {
        Reserve(bytes.Length);
        bytes.CopyTo(_bytes.AsSpan(Length));
        Length += bytes.Length;
    }

    public void Clear() => Length = 0;

    /// <summary>Forgets what comes after the first bytes.</summary>
    public void Truncate(int length) => Length = length;

    /// <summary>Leaves the memory to the garbage collector, where someone may still be reading it.</summary>
    public void Abandon() => (_bytes, Length) = ([], 0);

    public void Dispose()
    {
        if (_bytes.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(_bytes);
            Abandon();
        }
    }

    private void Reserve(int count)
    {
        if (_bytes.Length - Length >= count)
        {
            return;
        }

        var larger = ArrayPool<byte>.Shared.Rent(Math.Max(Length + count, _bytes.Length * 2));
        Memory.Span.CopyTo(larger);
        ArrayPool<byte>.Shared.Return(_bytes);
        _bytes = larger;
    }
}
