using System.Security.Claims;
using System.Text.Json.Serialization;
using CodeAgent.Api.Idempotency;
using CodeAgent.Api.Repositories;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Problems;
using CodeAgent.Testing.Redis;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.DependencyInjection;
using Microsoft.Extensions.Logging.Abstractions;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Idempotency;

/// <summary>Which answers are kept, whatever an endpoint answers.</summary>
public sealed class IdempotencyFilterTests(GarnetFixture redis) : IClassFixture<GarnetFixture>
{
    private readonly string _key = Guid.NewGuid().ToString();
    private int _asked;

    [Theory]
    [InlineData(404)]
    [InlineData(409)]
    [InlineData(410)]
    public async Task A_lasting_refusal_is_given_again(int status)
    {
        for (var i = 0; i < 3; i++)
        {
            var refused = await Assert.ThrowsAsync<ProblemException>(() => AskAsync(() => throw new ProblemException("t", status, "d") { Field = "f" }));
            Assert.Equal(("t", status, "d", "f"), (refused.Type, refused.Status, refused.Message, refused.Field));
        }

        Assert.Equal(1, _asked);
    }

    [Theory]
    [InlineData(400)]
    [InlineData(403)]
    [InlineData(429)]
    [InlineData(500)]
    [InlineData(503)]
    public async Task A_refusal_of_the_moment_is_not(int status)
    {
        await Assert.ThrowsAsync<ProblemException>(() => AskAsync(() => throw new ProblemException("t", status, "d")));

        Assert.Equal(200, await AskAsync(() => TypedResults.Ok()));
        Assert.Equal(200, await AskAsync(() => TypedResults.Ok()));
        Assert.Equal(2, _asked);
    }

    [Fact]
    public async Task What_fails_without_a_reason_can_be_repeated_and_knows_that_it_is()
    {
        await Assert.ThrowsAsync<InvalidOperationException>(() => AskAsync(() => throw new InvalidOperationException()));
        await Assert.ThrowsAsync<RedisTimeoutException>(() => AskAsync(() => throw new RedisTimeoutException("away", CommandStatus.Unknown)));
        var ids = new List<IdempotentRequest>();

        Assert.Equal(200, await AskAsync(() => TypedResults.Ok(), ids.Add));

        Assert.True(Assert.Single(ids).IsRepetition);
    }

    [Theory]
    [InlineData(502, 2)]
    [InlineData(429, 2)]
    [InlineData(404, 1)]
    [InlineData(202, 1)]
    public async Task A_status_that_an_endpoint_answers_counts_as_a_refusal_does(int status, int asked)
    {
        Assert.Equal(status, await AskAsync(() => TypedResults.StatusCode(status)));
        Assert.Equal(status, await AskAsync(() => TypedResults.StatusCode(status)));

        Assert.Equal(asked, _asked);
    }

    [Fact]
    public async Task An_answer_whose_caller_has_left_is_kept_whole()
    {
        var (first, again) = (new MemoryStream(), new MemoryStream());
        await Assert.ThrowsAnyAsync<OperationCanceledException>(() => AskAsync(() => TypedResults.Json("what was made", IdempotencyTestsJson.Default.String), body: first, leaves: true));

        Assert.Equal(200, await AskAsync(() => TypedResults.Ok(), body: again));

        Assert.Equal(1, _asked);
        Assert.Empty(first.ToArray());
        Assert.Equal("\"what was made\""u8.ToArray(), again.ToArray());
    }

    private async Task<int> AskAsync(Func<IResult> answer, Action<IdempotentRequest>? look = null, MemoryStream? body = null, bool leaves = false)
    {
        using var left = new CancellationTokenSource();
        var http = new DefaultHttpContext { User = new(new ClaimsIdentity([new("sub", "me")])), RequestServices = new ServiceCollection().AddLogging().BuildServiceProvider(), RequestAborted = left.Token };
        http.Request.Method = "POST";
        http.Request.Headers["Idempotency-Key"] = _key;
        http.Response.Body = body ?? new MemoryStream();
        var config = await ConfigFile.LoadAsync<ApiConfig>("/nowhere/api.yaml", _ => null, ApiConfig.Validate, TestContext.Current.CancellationToken);
        var filter = new IdempotencyFilter(redis.Client, config, TimeProvider.System, NullLogger<IdempotencyFilter>.Instance);
        var result = await filter.InvokeAsync(new DefaultEndpointFilterInvocationContext(http), _ =>
        {
            _asked++;
            look?.Invoke(http.Request.Idempotent()!);
            return new(answer());
        });
        if (leaves)
        {
            await left.CancelAsync();
        }

        await ((IResult)result!).ExecuteAsync(http);
        return http.Response.StatusCode;
    }
}

[JsonSerializable(typeof(string))]
internal sealed partial class IdempotencyTestsJson : JsonSerializerContext;
