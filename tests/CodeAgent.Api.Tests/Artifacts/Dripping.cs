namespace CodeAgent.Api.Tests.Artifacts;

/// <summary>Content as a network brings it: in small pieces, with waits between them, perhaps not to its end.</summary>
internal sealed class Dripping(byte[] content, bool breaksOff = false) : Stream
{
    private const int Piece = 7_001;
    private int _position;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position { get => throw new NotSupportedException(); set => throw new NotSupportedException(); }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        await Task.Yield();
        if (breaksOff && _position > content.Length / 2)
        {
            throw new IOException("The connection is gone.");
        }

        var count = Math.Min(Math.Min(Piece, buffer.Length), content.Length - _position);
        content.AsMemory(_position, count).CopyTo(buffer);
        _position += count;
        return count;
    }

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    public override void Flush() => throw new NotSupportedException();

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}
