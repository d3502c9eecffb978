using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;
using Microsoft.Extensions.Time.Testing;

namespace CodeAgent.LlmGateway.Tests.Routing;

public sealed class DeploymentHealthTests
{
    private static readonly Deployment Deployment = new("p", new ProviderConfig { Kind = ProviderKind.OpenAi, BaseUrl = "http://127.0.0.1:1/v1" }, "m", null);
    private static readonly AttemptResult Well = new(null, null);
    private readonly FakeTimeProvider _time = new();
    private readonly DeploymentHealth _health;

    public DeploymentHealthTests() => _health = new(new BreakerConfig(), _time);

    private static AttemptResult Full(int seconds) => new AttemptFailure(Deployment, FailureKind.RateLimited, new GatewayError(429, "x", "x")) { RetryAfter = TimeSpan.FromSeconds(seconds) };

    private async Task AskAsync(AttemptResult result) => Assert.NotNull(await _health.AskAsync(_ => new(result), TestContext.Current.CancellationToken));

    [Fact]
    public async Task An_answer_that_was_asked_for_before_a_rest_does_not_end_it()
    {
        var late = new TaskCompletionSource<AttemptResult>();
        var asking = _health.AskAsync(_ => new(late.Task), TestContext.Current.CancellationToken);
        await AskAsync(Full(60));

        late.SetResult(Well);
        await asking;

        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(60), _health.Resting?.Until);
    }

    [Fact]
    public async Task A_shorter_hint_does_not_shorten_a_rest()
    {
        var late = new TaskCompletionSource<AttemptResult>();
        var asking = _health.AskAsync(_ => new(late.Task), TestContext.Current.CancellationToken);
        await AskAsync(Full(60));

        late.SetResult(Full(2));
        await asking;

        Assert.Equal(_time.GetUtcNow() + TimeSpan.FromSeconds(60), _health.Resting?.Until);
    }

    [Fact]
    public async Task An_answer_after_a_rest_ends_it()
    {
        await AskAsync(new AttemptFailure(Deployment, FailureKind.KeyRefused, new GatewayError(401, "x", "x")));
        Assert.Null(await _health.AskAsync(_ => new(Well), TestContext.Current.CancellationToken));

        _time.Advance(TimeSpan.FromSeconds(61));
        var first = new TaskCompletionSource<AttemptResult>();
        var asking = _health.AskAsync(_ => new(first.Task), TestContext.Current.CancellationToken);
        Assert.NotNull(_health.Resting);
        first.SetResult(Well);
        await asking;

        Assert.Null(_health.Resting);
        await AskAsync(Well);
    }
}
