using System.Globalization;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Calls;

/// <summary>
/// Counts through how many gateways of this kind a request came. A provider whose address leads back here would otherwise be asked
/// without an end, by one request.
/// </summary>
internal static class Hops
{
    public const string Header = "x-codeagent-hops";
    private const int Most = 4;

    /// <exception cref="ProblemException">400, which no gateway on the way back tries again: it goes in a circle.</exception>
    public static int Of(IHeaderDictionary headers)
    {
        if (!headers.TryGetValue(Header, out var value))
        {
            return 0;
        }

        return int.TryParse(value, NumberStyles.None, CultureInfo.InvariantCulture, out var hops) && hops < Most ? hops
            : throw new ProblemException("loop-detected", StatusCodes.Status400BadRequest,
                $"The request came through {Most} gateways: a 'baseUrl' in gateway.yaml leads back to the gateway itself.");
    }

    /// <summary>What the next one is told.</summary>
    public static string Next(int hops) => (hops + 1).ToString(CultureInfo.InvariantCulture);
}
