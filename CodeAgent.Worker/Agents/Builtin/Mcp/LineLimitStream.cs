namespace CodeAgent.Worker.Agents.Builtin.Mcp;

/// <summary>Ends a stream with an error where a line has no end: who reads it puts lines together in memory.</summary>
internal sealed class LineLimitStream(Stream inner) : Stream
{
    /// <summary>Longest line, in bytes.</summary>
    public const int Longest = 16 * 1024 * 1024;

    private long _line;

    public override bool CanRead => true;

    public override bool CanSeek => false;

    public override bool CanWrite => false;

    public override long Length => throw new NotSupportedException();

    public override long Position
    {
        get => throw new NotSupportedException();
        set => throw new NotSupportedException();
    }

    public override async ValueTask<int> ReadAsync(Memory<byte> buffer, CancellationToken cancellationToken = default)
    {
        var count = await inner.ReadAsync(buffer, cancellationToken);
        var end = buffer.Span[..count].LastIndexOf((byte)'\n');
        _line = end < 0 ? _line + count : count - end - 1;
        return _line <= Longest ? count : throw new IOException("The server sent a line of more than 16 MiB.");
    }

    public override Task<int> ReadAsync(byte[] buffer, int offset, int count, CancellationToken cancellationToken) =>
        ReadAsync(buffer.AsMemory(offset, count), cancellationToken).AsTask();

    public override int Read(byte[] buffer, int offset, int count) => throw new NotSupportedException("It is read asynchronously.");

    public override void Flush()
    {
    }

    public override long Seek(long offset, SeekOrigin origin) => throw new NotSupportedException();

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();

    protected override void Dispose(bool disposing)
    {
        if (disposing)
        {
            inner.Dispose();
        }

        base.Dispose(disposing);
    }
}
