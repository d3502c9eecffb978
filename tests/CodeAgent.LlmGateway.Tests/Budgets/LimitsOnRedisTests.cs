using CodeAgent.LlmGateway.Budgets;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.ServiceDefaults.Redis;
using CodeAgent.Testing;
using CodeAgent.Testing.Redis;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Options;
using StackExchange.Redis;

namespace CodeAgent.LlmGateway.Tests.Budgets;

public sealed class LimitsOnGarnetTests(GarnetFixture redis) : LimitsOnRedisTests(redis);

public sealed class LimitsOnRedisServerTests(RedisServerFixture redis) : LimitsOnRedisTests(redis), IClassFixture<RedisServerFixture>;

/// <summary>The scripts, as two gateways use them at once.</summary>
public abstract class LimitsOnRedisTests(RedisFixture redis) : IAsyncLifetime
{
    private static readonly TimeSpan Lifetime = TimeSpan.FromMinutes(5);
    private readonly string _name = Guid.NewGuid().ToString("N");
    private Till _one = null!;
    private Till _two = null!;

    public async ValueTask InitializeAsync()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        (_one, _two) = (await Till.OpenAsync(redis.Client), await Till.OpenAsync(redis.Client));
    }

    public async ValueTask DisposeAsync()
    {
        GC.SuppressFinalize(this);
        if (_one is not null)
        {
            await _one.DisposeAsync();
            await _two.DisposeAsync();
        }
    }

    private Subject SubjectOf(CallLimits limits, string kind = "key") => new(kind, _name, LimitSet.Of(limits), TimeSpan.FromDays(1));

    private static async Task<Reservation> AskAsync(Till till, Need need, params Subject[] subjects)
    {
        var reservation = new Reservation(subjects, null, need);
        await till.Admissions.ReserveAsync(reservation, Lifetime);
        return reservation;
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Two_gateways_together_let_in_exactly_as_many_requests_as_there_may_be(bool aDay)
    {
        var subject = SubjectOf(aDay ? new() { RequestsPerDay = 300 } : new() { Requests = 300 });

        var asked = await Task.WhenAll(Enumerable.Range(0, 1000).Select(i => Task.Run(() => AskAsync(i % 2 == 0 ? _one : _two, default, subject))));

        Assert.Equal(300, asked.Count(reservation => reservation.Verdict == Verdict.Admitted));
        Assert.Equal(300, asked.Max(reservation => reservation.States[0].Used[LimitSet.Index(Measure.Requests, aDay ? Window.Day : Window.Total)]));
    }

    [Fact]
    public async Task Pain_15_tokens_and_money_that_may_be_used_are_reserved_before_so_that_concurrency_passes_no_limit()
    {
        var subject = SubjectOf(new() { TokensPerDay = 10_000, Usd = 1 });

        var asked = await Task.WhenAll(Enumerable.Range(0, 200).Select(i =>
            Task.Run(() => AskAsync(i % 2 == 0 ? _one : _two, new(300, 0, TokenPrices.Picos(0.04m), 0), subject))));

        // 33 by tokens, 25 by money.
        Assert.Equal(25, asked.Count(reservation => reservation.Verdict == Verdict.Admitted));
        Assert.All(asked.Where(reservation => reservation.Verdict == Verdict.Refused),
            reservation => Assert.Equal((Measure.Money, Window.Total), (reservation.RefusedMeasure, reservation.RefusedWindow)));
    }

    [Fact]
    public async Task What_was_reserved_and_not_used_is_there_for_the_next()
    {
        var subject = SubjectOf(new() { TokensPerDay = 1000, Tokens = 2000, UsdPerDay = 1 });
        var first = await AskAsync(_one, new(900, 0, TokenPrices.Picos(0.9m), 0), subject);
        Assert.Equal(Verdict.Refused, (await AskAsync(_two, new(200, 0, 0, 0), subject)).Verdict);

        await _one.SettleAsync(first, 100, TokenPrices.Picos(0.25m));
        var second = await AskAsync(_two, new(900, 0, TokenPrices.Picos(0.75m), 0), subject);

        Assert.Equal(Verdict.Admitted, second.Verdict);
        Assert.Equal([1000, 1000, TokenPrices.Picos(1)], new[] { (Measure.Tokens, Window.Day), (Measure.Tokens, Window.Total), (Measure.Money, Window.Day) }
            .Select(limit => second.States[0].Used[LimitSet.Index(limit.Item1, limit.Item2)]));
    }

    [Fact]
    public async Task What_was_used_beyond_the_reservation_counts_too()
    {
        var subject = SubjectOf(new() { TokensPerDay = 1000, Tokens = 5000 });
        await _one.SettleAsync(await AskAsync(_one, new(10, 0, 0, 0), subject), 1200, 0);

        var next = await AskAsync(_two, new(1, 0, 0, 0), subject);

        Assert.Equal((Verdict.Refused, 1200L), (next.Verdict, next.States[0].Used[LimitSet.Index(Measure.Tokens, Window.Total)]));
    }

    [Fact]
    public async Task Where_nobody_says_how_long_an_answer_may_be_as_much_is_reserved_as_there_is_room_for()
    {
        var subject = SubjectOf(new() { Tokens = 1000 });

        var first = await AskAsync(_one, new(100, 600, 0, 0), subject);
        var second = await AskAsync(_one, new(100, 600, 0, 0), subject);
        var third = await AskAsync(_one, new(100, 600, 0, 0), subject);

        Assert.Equal((Verdict.Admitted, 700L), (first.Verdict, first.ReservedTokens));
        Assert.Equal((Verdict.Admitted, 300L), (second.Verdict, second.ReservedTokens));
        Assert.Equal(Verdict.Refused, third.Verdict);
    }

    [Fact]
    public async Task Every_subject_must_have_room_and_none_is_charged_for_what_another_refuses()
    {
        var (key, gateway) = (SubjectOf(new() { RequestsPerDay = 10 }), SubjectOf(new() { RequestsPerDay = 1 }, "tenant"));

        Assert.Equal(Verdict.Admitted, (await AskAsync(_one, default, key, gateway)).Verdict);
        var refused = await AskAsync(_one, default, key, gateway);

        Assert.Equal((Verdict.Refused, 1), (refused.Verdict, refused.Refusal.Subject));
        Assert.Equal(1, refused.States[0].Used[LimitSet.Index(Measure.Requests, Window.Day)]);
    }

    [Fact]
    public async Task A_reservation_of_a_gateway_that_died_is_given_back_when_its_time_is_over()
    {
        var subject = SubjectOf(new() { Tokens = 1000, Usd = 1 });
        var lost = new Reservation([subject], null, new(800, 0, TokenPrices.Picos(0.8m), 0));
        await _one.Admissions.ReserveAsync(lost, TimeSpan.FromMilliseconds(300));
        Assert.Equal(Verdict.Refused, (await AskAsync(_two, new(800, 0, 0, 0), subject)).Verdict);

        await Eventually.TrueAsync(async () => (await AskAsync(_two, new(800, 0, 0, 0), subject)).Verdict == Verdict.Admitted, TimeSpan.FromSeconds(20), "it is given back");

        // It lives after all: what it used counts in full then.
        await _one.SettleAsync(lost, 150, TokenPrices.Picos(0.5m));
        var last = await AskAsync(_two, new(1000, 0, 0, 0), subject);
        Assert.Equal([950, TokenPrices.Picos(0.5m)], new[] { Measure.Tokens, Measure.Money }.Select(measure => last.States[0].Used[LimitSet.Index(measure, Window.Total)]));
    }

    [Fact]
    public async Task A_dead_gateways_reservation_of_nothing_but_tokens_is_given_back_too()
    {
        var subject = SubjectOf(new() { Tokens = 1000, Usd = 1 });
        await _one.Admissions.ReserveAsync(new Reservation([subject], null, new(800, 0, 0, 0)), TimeSpan.FromMilliseconds(50));

        await Eventually.TrueAsync(async () => (await AskAsync(_two, new(800, 0, 0, 0), subject)).Verdict == Verdict.Admitted, TimeSpan.FromSeconds(20), "it is given back");
    }

    [Fact]
    public async Task A_reservation_of_which_nothing_is_known_is_given_back_in_full_by_its_record()
    {
        var subject = SubjectOf(new() { TokensPerMinute = 100_000, TokensPerDay = 100_000, Tokens = 100_000, UsdPerDay = 1, Usd = 1 });
        var lost = await AskAsync(_one, new(100, 600, 5, 70), subject);
        var other = new Reservation([subject], null, new(100, 600, 5, 70));

        // The first was made though nobody heard of it; the second never came to Redis.
        _one.Settlements.GiveBack(lost, answered: false);
        _one.Settlements.GiveBack(other, answered: false);
        Assert.True(await _one.Settlements.FlushAsync(TimeSpan.FromSeconds(5)));

        var state = (await AskAsync(_two, new(1, 0, 0, 0), subject)).States[0];
        Assert.Equal([1L, 1, 1, 0, 0], new[] { (Measure.Tokens, Window.Minute), (Measure.Tokens, Window.Day), (Measure.Tokens, Window.Total), (Measure.Money, Window.Day), (Measure.Money, Window.Total) }
            .Select(limit => state.Used[LimitSet.Index(limit.Item1, limit.Item2)]));
    }

    [Fact]
    public async Task What_Redis_reserves_too_late_for_anybody_is_given_back_in_full()
    {
        Assert.SkipWhen(redis is GarnetFixture, "Garnet cannot be made to wait.");
        var subject = SubjectOf(new() { TokensPerDay = 100_000 });
        var late = new Reservation([subject], null, new(100, 600, 0, 0));
        await using var hasty = await Till.OpenAsync(redis.Client, TimeSpan.FromMilliseconds(300));
        await redis.Client.GetDatabase().ExecuteAsync("CLIENT", "PAUSE", "1500");

        var refusal = await Assert.ThrowsAsync<ProblemException>(() => hasty.Admissions.ReserveAsync(late, Lifetime));
        hasty.Settlements.GiveBack(late, await late.Answered!);
        Assert.True(await hasty.Settlements.FlushAsync(TimeSpan.FromSeconds(5)));

        Assert.Equal((503, Verdict.Admitted, 700L), (refusal.Status, late.Verdict, late.ReservedTokens));
        Assert.Equal(1, (await AskAsync(_two, new(1, 0, 0, 0), subject)).States[0].Used[LimitSet.Index(Measure.Tokens, Window.Day)]);
    }

    [Fact]
    public async Task What_thousands_used_is_told_in_batches_and_a_flush_waits_for_all_of_them()
    {
        var subject = SubjectOf(new() { Tokens = 1_000_000 });
        var asked = await Task.WhenAll(Enumerable.Range(0, 2500).Select(_ => AskAsync(_one, new(10, 0, 0, 0), subject)));
        foreach (var reservation in asked)
        {
            _one.Settlements.Settle(reservation, new("test", "test", null), new Booking(new TokenUsage(3, 0, 0, 0), 0));
        }

        Assert.True(await _one.Settlements.FlushAsync(TimeSpan.FromSeconds(20)));

        Assert.Equal(7501, (await AskAsync(_two, new(1, 0, 0, 0), subject)).States[0].Used[LimitSet.Index(Measure.Tokens, Window.Total)]);
    }

    [Fact]
    public void A_batch_of_settlements_has_an_upper_limit()
    {
        var (ledger, subject) = (new Ledger(), SubjectOf(new() { Tokens = 1_000_000, TokensPerDay = 1_000_000 }));
        for (var i = 0; i < 25; i++)
        {
            ledger.Settle(new Reservation([subject], null, default), 3, 0);
        }

        var (first, second, third) = (ledger.Take(10), ledger.Take(10), ledger.Take(10));

        Assert.Equal([(10, 1), (10, 0), (5, 0)], new[] { first, second, third }.Select(batch => (batch.Totals.Count, batch.Windows.Count)));
        Assert.Same(ledger, third);
    }

    [Fact]
    public async Task What_was_used_last_is_told_even_when_the_time_to_stop_is_used_up()
    {
        var file = await ConfigFile.LoadAsync<GatewayConfig>("/nowhere/gateway.yaml", _ => null, GatewayConfigValidator.Validate, TestContext.Current.CancellationToken);
        var gateway = new GatewayId();
        using var settlements = new SettlementQueue(redis.Client, gateway, file, TimeProvider.System, NullLogger<SettlementQueue>.Instance);
        var subject = SubjectOf(new() { Tokens = 1000 });
        var reservation = new Reservation([subject], null, new(10, 0, 0, 0));
        await new AdmissionQueue(redis.Client, gateway, Options.Create(new RedisPatienceOptions()), TimeProvider.System).ReserveAsync(reservation, Lifetime);
        settlements.Settle(reservation, new("test", "test", null), new Booking(new TokenUsage(400, 0, 0, 0), 0));

        await settlements.StopAsync(new CancellationToken(canceled: true));

        Assert.Equal(411, (await AskAsync(_two, new(11, 0, 0, 0), subject)).States[0].Used[LimitSet.Index(Measure.Tokens, Window.Total)]);
    }

    [Fact]
    public async Task Where_only_what_is_written_costs_money_nobody_is_let_in_once_there_is_none_left()
    {
        var subject = SubjectOf(new() { Usd = 1 });

        var asked = new[] { await AskAsync(_one, new(1, 9, 0, TokenPrices.Picos(0.6m)), subject), await AskAsync(_two, new(1, 9, 0, TokenPrices.Picos(0.6m)), subject), await AskAsync(_two, new(1, 9, 0, TokenPrices.Picos(0.6m)), subject) };

        Assert.Equal([(Verdict.Admitted, TokenPrices.Picos(0.6m)), (Verdict.Admitted, TokenPrices.Picos(0.4m)), (Verdict.Refused, 0)],
            asked.Select(reservation => (reservation.Verdict, reservation.ReservedMoney)));
        Assert.Equal(Verdict.Admitted, (await AskAsync(_one, new(1, 9, 0, 0), subject)).Verdict);
    }

    [Fact]
    public async Task What_a_revoked_key_used_last_does_not_begin_its_counts_anew()
    {
        var subject = new Subject("key", _name, LimitSet.Of(new() { Tokens = 1000, RequestsPerDay = 5 }), null);
        var last = await AskAsync(_one, new(10, 0, 0, 0), subject);
        await redis.Client.GetDatabase().KeyDeleteAsync([subject.Used, subject.Open]);

        await _one.SettleAsync(last, 400, 0);

        Assert.False(await redis.Client.GetDatabase().KeyExistsAsync(subject.Used));
    }

    [Fact]
    public async Task A_key_that_was_revoked_lets_nobody_in()
    {
        RedisKey record = $"codeagent:key:{_name}";
        await redis.Client.GetDatabase().StringSetAsync(record, "{}");
        var subject = SubjectOf(new() { RequestsPerDay = 10 });
        var before = new Reservation([subject], record, default);
        await _one.Admissions.ReserveAsync(before, Lifetime);
        await redis.Client.GetDatabase().KeyDeleteAsync(record);
        var after = new Reservation([subject], record, default);
        await _one.Admissions.ReserveAsync(after, Lifetime);

        Assert.Equal((Verdict.Admitted, Verdict.KeyIsGone), (before.Verdict, after.Verdict));
    }

    [Fact]
    public async Task A_batch_of_settlements_that_comes_twice_counts_once()
    {
        var subject = SubjectOf(new() { Tokens = 100_000, TokensPerDay = 50_000 });
        var (ledger, gateway, account) = (new Ledger(), new GatewayId(), new Account(_name, "m", null));
        var reservation = await AskAsync(_one, new(10, 0, 0, 0), subject);
        ledger.Settle(reservation, 500, 0);
        ledger.Book(new(2026, 1, 1), account, new(new TokenUsage(400, 0, 100, 0), 7));
        var (keys, values) = SettlementBatch.Write(ledger, gateway, 1, TimeSpan.FromDays(1));

        Assert.True((bool)await BudgetScripts.Settle.RunAsync(redis.Client.GetDatabase(), keys, values));
        Assert.False((bool)await BudgetScripts.Settle.RunAsync(redis.Client.GetDatabase(), keys, values));

        var state = (await AskAsync(_two, new(1, 0, 0, 0), subject)).States[0];
        Assert.Equal(501, state.Used[LimitSet.Index(Measure.Tokens, Window.Day)]);
        Assert.Equal("400", (await redis.Client.GetDatabase().HashGetAsync(BudgetKeys.Books(new(2026, 1, 1), "key"), $"{_name}|input")).ToString());
    }

    [Fact]
    public async Task Money_is_exact_to_the_picodollar_where_it_is_too_much_for_a_double()
    {
        var subject = SubjectOf(new() { Usd = 100_000 });
        var database = redis.Client.GetDatabase();
        await database.HashSetAsync(subject.Used, "ut", 12_345_678_901_234_567);

        await _one.SettleAsync(await AskAsync(_one, new(0, 0, 5, 0), subject), 0, 3);

        Assert.Equal("12345678901234570", (await database.HashGetAsync(subject.Used, "ut")).ToString());
    }

    [Fact]
    public async Task Counts_do_not_stay_for_ever()
    {
        var (minute, day) = (SubjectOf(new() { RequestsPerMinute = 5 }, "m"), SubjectOf(new() { RequestsPerDay = 5 }, "d"));
        var task = SubjectOf(new() { Tokens = 50 }, "t");
        await _one.SettleAsync(await AskAsync(_one, new(1, 0, 0, 0), minute, day, task), 1, 0);

        foreach (var key in (RedisKey[])[minute.Used, day.Used, task.Used])
        {
            Assert.NotNull(await redis.Client.GetDatabase().KeyTimeToLiveAsync(key));
        }

        Assert.False(await redis.Client.GetDatabase().KeyExistsAsync(task.Open));
    }
}
