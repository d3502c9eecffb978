using System.Buffers;
using Microsoft.AspNetCore.Connections;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Memory for what the web server reads and writes, in blocks of 32 KiB where its own have 4 KiB: a prompt of 400 KB is read in a
/// dozen calls of the system rather than in a hundred. A connection that waits for its next request holds none; one that has a long
/// answer holds one, so this is not for servers with very many of these.
/// </summary>
internal sealed class LargeBlocks : MemoryPool<byte>, IMemoryPoolFactory<byte>
{
    private const int Block = 32 * 1024;

    public override int MaxBufferSize => Array.MaxLength;

    public override IMemoryOwner<byte> Rent(int minBufferSize = -1) => new Lease(ArrayPool<byte>.Shared.Rent(Math.Max(minBufferSize, Block)));

    public MemoryPool<byte> Create(MemoryPoolOptions? options = null) => this;

    // One pool for all, which lives as long as the process.
    protected override void Dispose(bool disposing)
    {
    }

    private sealed class Lease(byte[] array) : IMemoryOwner<byte>
    {
        private byte[]? _array = array;

        public Memory<byte> Memory => _array ?? throw new ObjectDisposedException(nameof(Lease));

        public void Dispose()
        {
            if (Interlocked.Exchange(ref _array, null) is { } array)
            {
                ArrayPool<byte>.Shared.Return(array);
            }
        }
    }
}
