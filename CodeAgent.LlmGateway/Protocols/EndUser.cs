using System.Security.Cryptography;
using System.Text;

namespace CodeAgent.LlmGateway.Protocols;

/// <summary>
/// The name of the end user, as a provider takes it. It is there to tell users apart, so that where the name itself is refused, its
/// hash does: always the same one for the same name.
/// </summary>
internal static class EndUser
{
    private const int LongestAtOpenAi = 64;
    private const int LongestAtAnthropic = 256;
    private const int HashLength = 32;

    public static string? ForOpenAi(string? user) => user is { Length: > LongestAtOpenAi } ? Hash(user) : user;

    /// <summary>Anthropic refuses what looks like an address of somebody's mail, too.</summary>
    public static string ForAnthropic(string user) => user.Length > LongestAtAnthropic || user.Contains('@', StringComparison.Ordinal) ? Hash(user) : user;

    private static string Hash(string user) => Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(user)))[..HashLength];
}
