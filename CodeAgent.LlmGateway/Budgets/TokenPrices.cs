using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// What single tokens cost, in picodollars (a millionth of a millionth): so a price with up to six decimals for a million tokens
/// is a whole number, and sums are exact wherever they are made.
/// </summary>
internal sealed class TokenPrices(ModelPricing pricing)
{
    private const decimal PicosPerUsd = 1_000_000_000_000m;
    private const decimal PicosPerMillionth = 1_000_000m;

    private readonly long _input = PerToken(pricing.InputPerMillion);
    private readonly long _cached = PerToken(pricing.CachedInputPerMillion ?? pricing.InputPerMillion);
    private readonly long _write = PerToken(pricing.CacheWritePerMillion ?? pricing.InputPerMillion);
    private readonly long _writeHour = PerToken(pricing.CacheWriteHourPerMillion ?? pricing.CacheWritePerMillion ?? pricing.InputPerMillion);
    private readonly long _output = PerToken(pricing.OutputPerMillion);
    private readonly long _reasoning = PerToken(pricing.ReasoningPerMillion ?? pricing.OutputPerMillion);

    /// <summary>What an answer cost. Counts that contradict each other are read so that none of the tokens is paid for twice.</summary>
    public long Cost(TokenUsage usage)
    {
        var cached = Math.Clamp(usage.CachedInput, 0, usage.Input);
        var write = Math.Clamp(usage.CacheWrite, 0, usage.Input - cached);
        var hour = Math.Clamp(usage.CacheWriteHour, 0, write);
        var reasoning = Math.Clamp(usage.Reasoning, 0, usage.Output);
        return Whole(((Int128)(usage.Input - cached - write) * _input) + ((Int128)cached * _cached) + ((Int128)(write - hour) * _write)
            + ((Int128)hour * _writeHour) + ((Int128)(usage.Output - reasoning) * _output) + ((Int128)reasoning * _reasoning));
    }

    /// <summary>The most that so many tokens can cost, whatever kind they turn out to be.</summary>
    public long Most(long input, long output) =>
        Whole(((Int128)input * Math.Max(Math.Max(_input, _cached), Math.Max(_write, _writeHour))) + ((Int128)output * Math.Max(_output, _reasoning)));

    /// <summary>US dollars in picodollars; a part of one counts as a whole.</summary>
    public static long Picos(decimal usd) => (long)Math.Ceiling(usd * PicosPerUsd);

    /// <summary>Picodollars in US dollars.</summary>
    public static decimal Usd(long picos) => picos / PicosPerUsd;

    private static long PerToken(decimal perMillion) => (long)Math.Ceiling(perMillion * PicosPerMillionth);

    private static long Whole(Int128 picos) => (long)Int128.Min(picos, long.MaxValue);
}
