using System.Globalization;
using System.Net;
using CodeAgent.Benchmarks.Contenders;
using CodeAgent.Benchmarks.Machine;

namespace CodeAgent.Benchmarks.Load;

/// <summary>The load tool h2load: HTTP/2 with prior knowledge.</summary>
internal static class H2Load
{
    /// <summary>Requests a second; null where the contender does not speak HTTP/2 without TLS, or there is no h2load.</summary>
    public static async Task<double?> RunAsync(Contender contender, Request request, CancellationToken stop)
    {
        if (Places.OnPath("h2load") is null || !await SpeaksAsync(contender, request, stop))
        {
            return null;
        }

        string[] headers = [.. contender.Headers(request.Behaviour).Append(new("content-type", "application/json")).SelectMany(header => (string[])["-H", $"{header.Key.ToLowerInvariant()}: {header.Value}"])];
        return Parse(await Tool.RunAsync("h2load",
            ["-c4", "-m16", "-t2", "-D5", "--warm-up-time=1", "-d", request.File, .. headers, contender.Url(request.Behaviour)], stop));
    }

    /// <summary>Requests a second, from the line <c>finished in 5.00s, 12345.60 req/s, 4.56MB/s</c>; only where all of them succeeded.</summary>
    /// <exception cref="FormatException">There is no such line.</exception>
    public static double? Parse(string output)
    {
        string[] lines = output.Split('\n');
        var finished = lines.FirstOrDefault(line => line.StartsWith("finished in", StringComparison.Ordinal))?.Split(", ") is [_, var rate, ..]
            ? double.Parse(rate.Replace(" req/s", "", StringComparison.Ordinal), CultureInfo.InvariantCulture)
            : throw new FormatException($"h2load printed no rate: {output}");
        var statuses = lines.FirstOrDefault(line => line.StartsWith("status codes:", StringComparison.Ordinal)) ?? "";
        return statuses.Contains(" 0 3xx, 0 4xx, 0 5xx", StringComparison.Ordinal) && !statuses.Contains(": 0 2xx", StringComparison.Ordinal) ? finished : null;
    }

    private static async Task<bool> SpeaksAsync(Contender contender, Request request, CancellationToken stop)
    {
        using var http = new HttpClient { Timeout = TimeSpan.FromSeconds(5) };
        using var probe = new HttpRequestMessage(HttpMethod.Get, contender.Url(request.Behaviour))
        {
            Version = HttpVersion.Version20,
            VersionPolicy = HttpVersionPolicy.RequestVersionExact,
        };
        try
        {
            using var answer = await http.SendAsync(probe, stop);
            return answer.Version == HttpVersion.Version20;
        }
        catch (HttpRequestException)
        {
            return false;
        }
    }
}
