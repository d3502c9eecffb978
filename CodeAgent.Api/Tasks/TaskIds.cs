namespace CodeAgent.Api.Tasks;

internal static class TaskIds
{
    private const int FractionSteps = 4096;

    /// <summary>
    /// A new UUIDv7. The 12 bits after the version count parts of the millisecond (RFC 9562, 6.2, method 3), so that ids of one
    /// clock sort by the time they were made even within a millisecond.
    /// </summary>
    public static Guid Next(DateTimeOffset now)
    {
        var bytes = Guid.CreateVersion7(now).ToByteArray(bigEndian: true);
        var fraction = (int)(now.UtcTicks % TimeSpan.TicksPerMillisecond * FractionSteps / TimeSpan.TicksPerMillisecond);
        bytes[6] = (byte)(0x70 | (fraction >> 8));
        bytes[7] = (byte)fraction;
        return new(bytes, bigEndian: true);
    }
}
