using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Budgets;

/// <summary>The budgets of one gateway, without the gateway.</summary>
internal sealed class Till : IAsyncDisposable
{
    private Till(IConnectionMultiplexer redis, TimeSpan? patience, ConfigFile<GatewayConfig> file)
    {
        var id = new GatewayId();
        Admissions = new(redis, id, Options.Create(new RedisPatienceOptions { AnswerWithin = patience }), TimeProvider.System);
        Settlements = new(redis, id, file, TimeProvider.System, NullLogger<SettlementQueue>.Instance);
    }

    public AdmissionQueue Admissions { get; }

    public SettlementQueue Settlements { get; }

    public static async Task<Till> OpenAsync(IConnectionMultiplexer redis, TimeSpan? patience = null)
    {
        var till = new Till(redis, patience, await ConfigFile.LoadAsync<GatewayConfig>("/nowhere/gateway.yaml", _ => null, GatewayConfigValidator.Validate));
        await till.Settlements.StartAsync(TestContext.Current.CancellationToken);
        return till;
    }

    public async Task SettleAsync(Reservation reservation, long tokens, long picos)
    {
        Settlements.Settle(reservation, new("test", "test", null), new Booking(new TokenUsage(tokens, 0, 0, 0), picos));
        Assert.True(await Settlements.FlushAsync(TimeSpan.FromSeconds(5)));
    }

    public async ValueTask DisposeAsync()
    {
        await Settlements.StopAsync(CancellationToken.None);
        Settlements.Dispose();
    }
}
