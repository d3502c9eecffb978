using System.Buffers.Binary;
using System.Text;
using ZiggyCreatures.Caching.Fusion.Internals.Distributed;
using ZiggyCreatures.Caching.Fusion.Serialization;

namespace CodeAgent.LlmGateway.Cache;

/// <summary>
/// How an answer lies in Redis: when the library noted it and until when it holds (ticks), when it was given (ticks), the length
/// of its type, the type, and the body just as it is; JSON would make a third more of it.
/// </summary>
internal sealed class CachedAnswerFormat : IFusionCacheSerializer
{
    private const int Head = (3 * sizeof(long)) + sizeof(int);

    public byte[] Serialize<T>(T? obj)
    {
        var (entry, answer) = obj is FusionCacheDistributedEntry<CachedAnswer?> { Value: { } value } known ? (known, value)
            : throw new NotSupportedException($"The cache holds answers, not {typeof(T)}.");
        var type = Encoding.UTF8.GetByteCount(answer.ContentType);
        var bytes = new byte[Head + type + answer.Body.Length];
        BinaryPrimitives.WriteInt64LittleEndian(bytes, entry.Timestamp);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(8), entry.LogicalExpirationTimestamp);
        BinaryPrimitives.WriteInt64LittleEndian(bytes.AsSpan(16), answer.At.UtcTicks);
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(24), type);
        Encoding.UTF8.GetBytes(answer.ContentType, bytes.AsSpan(Head));
        answer.Body.CopyTo(bytes, Head + type);
        return bytes;
    }

    public T? Deserialize<T>(byte[] data)
    {
        var type = BinaryPrimitives.ReadInt32LittleEndian(data.AsSpan(24));
        var answer = new CachedAnswer(new(BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(16)), TimeSpan.Zero),
            Encoding.UTF8.GetString(data, Head, type), data[(Head + type)..]);
        return (T)(object)new FusionCacheDistributedEntry<CachedAnswer?>(
            answer, BinaryPrimitives.ReadInt64LittleEndian(data), BinaryPrimitives.ReadInt64LittleEndian(data.AsSpan(8)), null, null);
    }

    public ValueTask<byte[]> SerializeAsync<T>(T? obj, CancellationToken token = default) => new(Serialize(obj));

    public ValueTask<T?> DeserializeAsync<T>(byte[] data, CancellationToken token = default) => new(Deserialize<T>(data));
}
