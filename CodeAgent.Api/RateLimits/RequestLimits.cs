using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Threading.RateLimiting;
using CodeAgent.Api.Events;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.Api.RateLimits;

/// <summary>
/// The buckets that requests are taken from: one for each caller, one for each tenant, and, for who has no good key, one for
/// each address. They are of this instance. A changed configuration begins with full ones.
/// </summary>
internal sealed class RequestLimits : IDisposable
{
    private const int PrefixBytes = 8;
    private readonly ConfigFile<ApiConfig> _config;
    private readonly PartitionedRateLimiter<HttpContext> _callers;
    private readonly PartitionedRateLimiter<HttpContext> _tenants;

    public RequestLimits(ConfigFile<ApiConfig> config)
    {
        _config = config;
        _callers = PartitionedRateLimiter.Create<HttpContext, Partition>(context => PartitionOf(CallerOf(context), context, NameOf));
        _tenants = PartitionedRateLimiter.Create<HttpContext, Partition>(context => PartitionOf(TenantOf(context), context, static context => context.User.Tenant()!));
        All = PartitionedRateLimiter.CreateChained(_callers, _tenants);
    }

    /// <summary>All that a request must get through.</summary>
    public PartitionedRateLimiter<HttpContext> All { get; }

    /// <summary>What a stream holds for as long as it is open. A page that an endpoint gives in place of its stream holds nothing.</summary>
    public RateLimitPartition<object> Stream(HttpContext context) =>
        context.GetEndpoint()?.Metadata.GetMetadata<StreamOrPage>() is not null && EventEndpoints.WantsPage(context.Request)
            ? RateLimitPartition.GetNoLimiter<object>("page")
            : RateLimitPartition.GetConcurrencyLimiter<object>(
                new Partition("stream", NameOf(context), _config.Current.RateLimits), _ => new() { PermitLimit = _config.Current.RateLimits.Streams });

    /// <summary>What is left, as the headers of draft-ietf-httpapi-ratelimit-headers-10 say it.</summary>
    public void Describe(HttpContext context)
    {
        var (policies, left) = ("", "");
        Describe(CallerOf(context), _callers);
        Describe(TenantOf(context), _tenants);
        if (policies.Length > 0)
        {
            context.Response.Headers["RateLimit-Policy"] = policies;
            context.Response.Headers["RateLimit"] = left;
        }

        void Describe((string Kind, RateLimit Limit, RateLimitConfig Config)? found, PartitionedRateLimiter<HttpContext> limiter)
        {
            if (found is var (kind, limit, _) && limiter.GetStatistics(context) is { } statistics)
            {
                var available = Math.Min(statistics.CurrentAvailablePermits, limit.Quota);
                policies = policies.Length == 0 ? limit.Policy(kind) : $"{policies}, {limit.Policy(kind)}";
                var rest = string.Create(CultureInfo.InvariantCulture, $"\"{kind}\";r={available};t={limit.SecondsFor(limit.Quota - available)}");
                left = left.Length == 0 ? rest : $"{left}, {rest}";
            }
        }
    }

    public void Dispose()
    {
        All.Dispose();
        _callers.Dispose();
        _tenants.Dispose();
    }

    private static RateLimitPartition<Partition> PartitionOf(
        (string Kind, RateLimit Limit, RateLimitConfig Config)? found, HttpContext context, Func<HttpContext, string> name) =>
        found is var (kind, limit, config)
            ? RateLimitPartition.GetTokenBucketLimiter(new Partition(kind, name(context), config), _ => new()
            {
                TokenLimit = limit.Quota,
                TokensPerPeriod = limit.Refill.Requests,
                ReplenishmentPeriod = limit.Refill.Period,
            })
            : RateLimitPartition.GetNoLimiter(default(Partition));

    private (string Kind, RateLimit Limit, RateLimitConfig Config)? CallerOf(HttpContext context)
    {
        var config = _config.Current.RateLimits;
        return IsKnown(context) ? (config.Caller is { } caller ? ("caller", caller, config) : null)
            : config.Anonymous is { } anonymous ? ("anonymous", anonymous, config) : null;
    }

    private (string Kind, RateLimit Limit, RateLimitConfig Config)? TenantOf(HttpContext context)
    {
        var config = _config.Current.RateLimits;
        return config.Tenant is { } tenant && context.User.Tenant() is not null ? ("tenant", tenant, config) : null;
    }

    private static bool IsKnown(HttpContext context) => context.User.Identity?.IsAuthenticated == true;

    private static string NameOf(HttpContext context) => IsKnown(context) ? context.User.Name() : Address(context.Connection.RemoteIpAddress);

    /// <summary>Who an address counts as: whoever has one of version 6 has 2^64 of them.</summary>
    public static string Address(IPAddress? address)
    {
        if (address is null || address.AddressFamily != AddressFamily.InterNetworkV6 || address.IsIPv4MappedToIPv6)
        {
            return address?.IsIPv4MappedToIPv6 == true ? address.MapToIPv4().ToString() : address?.ToString() ?? "nowhere";
        }

        var bytes = address.GetAddressBytes();
        bytes.AsSpan(PrefixBytes).Clear();
        return new IPAddress(bytes).ToString();
    }

    /// <summary>Says of an endpoint that it gives a page to who asks for one, in place of the stream.</summary>
    internal sealed record StreamOrPage;

    private readonly record struct Partition(string Kind, string Name, RateLimitConfig Config);
}
