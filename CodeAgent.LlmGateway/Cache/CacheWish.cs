using System.Security.Claims;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Cache;

/// <summary>What a request wants of the cache.</summary>
internal enum CacheWish
{
    /// <summary>Nothing: it is neither answered from there nor kept there.</summary>
    Off,

    /// <summary>An answer that is there; otherwise a new one is kept.</summary>
    On,

    /// <summary>A new answer, in the place of one that is there.</summary>
    Refresh,
}

internal static class CacheWishes
{
    public const string Header = "x-codeagent-cache";

    /// <exception cref="ProblemException">400: the header says something else.</exception>
    public static CacheWish Of(IHeaderDictionary headers, ClaimsPrincipal caller)
    {
        var said = headers[Header].ToString();
        var wish = said.Length == 0
            ? ((caller.Identity as CallerIdentity)?.Key?.Cache == true ? CacheWish.On : CacheWish.Off)
            : said.ToLowerInvariant() switch
            {
                "on" => CacheWish.On,
                "refresh" => CacheWish.Refresh,
                "off" => CacheWish.Off,
                _ => throw new ProblemException("invalid-field", StatusCodes.Status400BadRequest, $"'{Header}' is 'on', 'refresh' or 'off'.") { Field = Header },
            };
        var control = headers.CacheControl.ToString();

        // HTTP's own words only take away: they ask for no cache where nothing else does.
        return wish == CacheWish.Off || control.Contains("no-store", StringComparison.OrdinalIgnoreCase) ? CacheWish.Off
            : control.Contains("no-cache", StringComparison.OrdinalIgnoreCase) ? CacheWish.Refresh
            : wish;
    }
}
