using System.Buffers;
using System.Security.Cryptography;

namespace CodeAgent.Api.Artifacts;

/// <summary>A file that is being received. It is held alone while it is open, so that nobody else writes to it, or takes it for left over.</summary>
internal static class ContentFile
{
    private const int BufferSize = 128 * 1024;
    private const int HashBufferSize = 1024 * 1024;

    /// <summary>Opens it.</summary>
    /// <exception cref="IOException">It is not there, or is there already, by <paramref name="mode"/>; or somebody has it open.</exception>
    public static FileStream Open(string path, FileMode mode) => new(path, new FileStreamOptions
    {
        Mode = mode,
        Access = FileAccess.ReadWrite,
        Share = FileShare.None,
        Options = FileOptions.Asynchronous,
        BufferSize = 0,
    });

    /// <summary>Writes what comes to the file's end, piece by piece. Where it breaks off, what came until then is in the file.</summary>
    /// <param name="file">The file.</param>
    /// <param name="content">What comes.</param>
    /// <param name="hash">Gets all of it, if there is one.</param>
    /// <param name="longest">Bytes that the file may have.</param>
    /// <param name="tooLong">What is thrown where there are more.</param>
    /// <param name="cancellationToken">Gives up.</param>
    public static async Task AppendAsync(
        FileStream file, Stream content, IncrementalHash? hash, long longest, Func<Exception> tooLong, CancellationToken cancellationToken)
    {
        var buffer = ArrayPool<byte>.Shared.Rent(BufferSize);
        try
        {
            file.Seek(0, SeekOrigin.End);
            int read;
            while ((read = await content.ReadAsync(buffer, cancellationToken)) > 0)
            {
                if (read > longest - file.Position)
                {
                    throw tooLong();
                }

                hash?.AppendData(buffer, 0, read);
                await file.WriteAsync(buffer.AsMemory(0, read), CancellationToken.None);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>Has it on disk. .NET has no asynchronous form of this; it runs on a thread of the pool, as the writes do.</summary>
    public static void Flush(FileStream file) => RandomAccess.FlushToDisk(file.SafeFileHandle);

    /// <summary>The SHA-256 of a whole file, in lower-case hexadecimal.</summary>
    public static async Task<string> HashAsync(FileStream file, CancellationToken cancellationToken)
    {
        file.Seek(0, SeekOrigin.Begin);
        var buffer = ArrayPool<byte>.Shared.Rent(HashBufferSize);
        try
        {
            using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
            int read;
            while ((read = await file.ReadAsync(buffer, cancellationToken)) > 0)
            {
                hash.AppendData(buffer, 0, read);
            }

            return Convert.ToHexStringLower(hash.GetHashAndReset());
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }
}
