using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;

namespace CodeAgent.LlmGateway.Configuration;

internal static class LimitsConfigValidator
{
    public static void Validate(GatewayConfig config, ConfigProblems problems)
    {
        var limits = config.Limits;
        Limits(limits.Gateway, "limits.gateway");
        Limits(limits.Key, "limits.key");
        Limits(limits.Task, "limits.task");
        foreach (var (name, tenant) in limits.Tenants)
        {
            Limits(tenant, $"limits.tenants.{name}");
            problems.Require(tenant != CallLimits.None, $"limits.tenants.{name}", "it has no limit, so it does nothing");
        }

        problems.Require(limits.AssumedOutputTokens is >= 1 and <= 1_000_000, "limits.assumedOutputTokens", "1 to 1000000 tokens");
        GatewayConfigValidator.Between(limits.ReservationLifetime, TimeSpan.FromMinutes(1), TimeSpan.FromDays(1), "limits.reservationLifetime", problems);
        GatewayConfigValidator.Between(config.Usage.Keep, TimeSpan.FromDays(1), TimeSpan.FromDays(3653), "usage.keep", problems);

        void Limits(CallLimits found, string path)
        {
            foreach (var (field, reason) in found.Problems())
            {
                problems.Add($"{path}.{field}", reason);
            }
        }
    }

    public static void Prices(ModelPricing? pricing, string path, ConfigProblems problems)
    {
        Price(pricing?.InputPerMillion, "inputPerMillion");
        Price(pricing?.CachedInputPerMillion, "cachedInputPerMillion");
        Price(pricing?.CacheWritePerMillion, "cacheWritePerMillion");
        Price(pricing?.CacheWriteHourPerMillion, "cacheWriteHourPerMillion");
        Price(pricing?.OutputPerMillion, "outputPerMillion");
        Price(pricing?.ReasoningPerMillion, "reasoningPerMillion");

        void Price(decimal? price, string field)
        {
            problems.Require(price is null or (>= 0 and <= 100_000), $"{path}.{field}", "a price is 0 to 100000 dollars");
            problems.Require(price is null || decimal.Round(price.Value, 6) == price, $"{path}.{field}", "a price has at most six decimals");
        }
    }
}
