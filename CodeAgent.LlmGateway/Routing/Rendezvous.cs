using System.Runtime.InteropServices;
using System.Text;

namespace CodeAgent.LlmGateway.Routing;

/// <summary>
/// Chooses by a key, always the same for the same key: every replica agrees without asking another, and where one deployment
/// goes, only its own conversations move. Highest random weight (D. Thaler, C. Ravishankar, IEEE/ACM ToN 6(1), 1998), with the
/// logarithmic weights of https://www.ietf.org/archive/id/draft-ietf-bess-weighted-hrw-00.html.
/// </summary>
internal static class Rendezvous
{
    // 2^64 divided by the golden ratio; and the finalizer's constants of SplitMix64.
    private const ulong Golden = 0x9E3779B97F4A7C15;

    public static Deployment Choose(ulong key, IReadOnlyList<Deployment> deployments)
    {
        var (best, highest) = (deployments[0], double.NegativeInfinity);
        foreach (var deployment in deployments)
        {
            var score = Score(key, deployment);
            if (score > highest)
            {
                (best, highest) = (deployment, score);
            }
        }

        return best;
    }

    /// <summary>The same number for the same bytes, on every machine and in every version. No secret hangs on it.</summary>
    public static ulong Hash(ReadOnlySpan<byte> bytes, ulong seed = 0)
    {
        var hash = Mix(seed ^ ((ulong)bytes.Length * Golden));
        while (bytes.Length >= sizeof(ulong))
        {
            hash = ulong.RotateLeft(hash ^ (System.Buffers.Binary.BinaryPrimitives.ReadUInt64LittleEndian(bytes) * Golden), 27) * 0xBF58476D1CE4E5B9;
            bytes = bytes[sizeof(ulong)..];
        }

        foreach (var rest in bytes)
        {
            hash = ulong.RotateLeft(hash ^ (rest * Golden), 11) * 0x94D049BB133111EB;
        }

        return Mix(hash);
    }

    public static ulong Hash(string text, ulong seed = 0) =>
        BitConverter.IsLittleEndian ? Hash(MemoryMarshal.AsBytes(text.AsSpan()), seed) : Hash(Encoding.Unicode.GetBytes(text), seed);

    private static double Score(ulong key, Deployment deployment)
    {
        var hash = Mix(key ^ Hash(deployment.UpstreamModel, Hash(deployment.ProviderName)));

        // 53 bits make a number within (0, 1), so that its logarithm is below 0 and finite.
        var part = ((hash >> 11) + 0.5) / (1UL << 53);
        return -deployment.Weight / Math.Log(part);
    }

    private static ulong Mix(ulong value)
    {
        value = (value ^ (value >> 30)) * 0xBF58476D1CE4E5B9;
        value = (value ^ (value >> 27)) * 0x94D049BB133111EB;
        return value ^ (value >> 31);
    }
}
