namespace CodeAgent.Benchmarks.Roles;

/// <summary>
/// Counts the spans in an export request without building any of them. The path to a span, by protobuf's field numbers:
/// <c>resource_spans = 1 → scope_spans = 2 → spans = 2</c>.
/// </summary>
internal static class SpanCount
{
    private static readonly int[] Way = [1, 2, 2];

    public static int Read(ReadOnlySpan<byte> request) => Count(request, Way);

    private static int Count(ReadOnlySpan<byte> message, ReadOnlySpan<int> way)
    {
        var count = 0;
        while (message.Length > 0 && TryVarint(ref message, out var tag))
        {
            switch (tag & 7)
            {
                case 0 when TryVarint(ref message, out _):
                    break;
                case 1 when message.Length >= 8:
                    message = message[8..];
                    break;
                case 5 when message.Length >= 4:
                    message = message[4..];
                    break;
                case 2 when TryVarint(ref message, out var length) && length <= (ulong)message.Length:
                    if ((int)(tag >> 3) == way[0])
                    {
                        count += way.Length == 1 ? 1 : Count(message[..(int)length], way[1..]);
                    }

                    message = message[(int)length..];
                    break;
                default:
                    return count;
            }
        }

        return count;
    }

    private static bool TryVarint(ref ReadOnlySpan<byte> from, out ulong value)
    {
        value = 0;
        for (var i = 0; i < Math.Min(10, from.Length); i++)
        {
            value |= (ulong)(from[i] & 0x7F) << (7 * i);
            if (from[i] < 0x80)
            {
                from = from[(i + 1)..];
                return true;
            }
        }

        return false;
    }
}
