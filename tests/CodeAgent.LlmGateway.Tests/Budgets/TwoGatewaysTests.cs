using System.Net;
using CodeAgent.LlmGateway.Tests.Support;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.LlmGateway.Tests.Budgets;

public sealed class TwoGatewaysOnGarnetTests(GarnetFixture redis) : TwoGatewaysTests(redis);

public sealed class TwoGatewaysOnRedisServerTests(RedisServerFixture redis) : TwoGatewaysTests(redis), IClassFixture<RedisServerFixture>;

public abstract class TwoGatewaysTests(RedisFixture redis)
{
    private const int Clients = 200;
    private const int Budget = 1000;
    private const int Asked = 1400;

    [Fact]
    public async Task Two_gateways_and_200_clients_at_once_with_one_key_for_1000_requests_get_exactly_1000_answers()
    {
        Assert.SkipWhen(redis.Unavailable is not null, redis.Unavailable ?? "");
        await using var upstream = await MockUpstream.StartAsync();
        upstream.Chat = http => http.Response.WriteAsync(ChatCalls.Answer);
        await using var one = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        await using var two = await GatewayHost.StartAsync(redis.ConnectionString, upstream);
        var (_, secret) = await GatewayKeys.LimitedAsync(redis.Client, new() { RequestsPerDay = Budget });
        using var first = one.Client(secret);
        using var second = two.Client(secret);

        var left = Asked;
        var statuses = await Task.WhenAll(Enumerable.Range(0, Clients).Select(async i =>
        {
            List<HttpStatusCode> seen = [];
            while (Interlocked.Decrement(ref left) >= 0)
            {
                var (response, _) = await (i % 2 == 0 ? first : second).AskAsync(ChatCalls.Plain);
                seen.Add(response.StatusCode);
            }

            return seen;
        }));

        Assert.Equal([(HttpStatusCode.OK, Budget), (HttpStatusCode.TooManyRequests, Asked - Budget)],
            statuses.SelectMany(seen => seen).GroupBy(status => status).Select(group => (group.Key, group.Count())).OrderBy(pair => pair.Key));
        Assert.Equal(Budget, upstream.Requests.Count);
    }
}
