using System.Globalization;
using CodeAgent.Contracts;
using Microsoft.AspNetCore.Http;

namespace CodeAgent.Worker.Tests.Agents.Builtin;

public sealed class RetryTests : IAsyncLifetime
{
    private AgentBench _bench = null!;

    public async ValueTask InitializeAsync() => _bench = await AgentBench.CreateAsync();

    public ValueTask DisposeAsync() => _bench.DisposeAsync();

    [Theory]
    [InlineData(409, "turn_in_flight")]
    [InlineData(429, "rate_limited")]
    [InlineData(500, "server_error")]
    [InlineData(503, "overloaded")]
    public async Task A_passing_failure_is_tried_again_under_the_same_key(int status, string code)
    {
        _bench.Gateway.Fail(status, code, "Later.").Fail(status, code, "Later.").Say("Done.");

        var result = await _bench.RunAsync();

        Assert.Equal("Done.", result.Summary);
        Assert.Equal(3, _bench.Gateway.Requests.Count);
        Assert.Single(_bench.Gateway.Requests.Select(request => request.Key).Distinct());
        Assert.Single(_bench.Gateway.Requests.Select(request => request.Text).Distinct());
        Assert.Equal(1, result.Turn);
    }

    [Fact]
    public async Task The_time_that_the_gateway_names_is_waited_for()
    {
        _bench.Gateway.Fail(429, "rate_limited", "Later.", retryAfter: "1").Say("Done.");
        var clock = System.Diagnostics.Stopwatch.StartNew();

        await _bench.RunAsync();

        Assert.InRange(clock.Elapsed, TimeSpan.FromMilliseconds(950), TimeSpan.FromSeconds(15));
    }

    [Fact]
    public async Task A_time_beyond_what_it_may_wait_fails_at_once_with_the_reason()
    {
        _bench.Gateway.Fail(429, "rate_limited", "The day's quota is used up.", retryAfter: "3600");

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Contains("The day's quota is used up.", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task What_the_gateway_says_not_to_try_again_is_not()
    {
        _bench.Gateway.Then(async context =>
        {
            context.Response.StatusCode = 502;
            context.Response.Headers["x-should-retry"] = "false";
            await context.Response.WriteAsJsonAsync(new { error = new { code = "provider_key_refused", message = "The provider refuses the key." } });
        });

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task A_gateway_that_is_being_restarted_is_waited_for()
    {
        var port = new Uri(_bench.Gateway.Address).Port;
        await _bench.Gateway.DisposeAsync();

        var run = _bench.RunAsync();
        await Task.Delay(50, TestContext.Current.CancellationToken);
        Assert.False(run.IsCompleted);
        await using var next = await ScriptedGateway.StartAsync(port);
        next.Say("Done.");

        Assert.Equal("Done.", (await run).Summary);
    }

    [Fact]
    public async Task A_gateway_that_stays_away_is_given_up_with_the_reason()
    {
        _bench.Settings["BuiltinAgent:RetryFor"] = "00:00:00.200";
        await _bench.Gateway.DisposeAsync();

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Contains("cannot be reached", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task An_answer_that_breaks_off_is_asked_for_again_and_reported_once()
    {
        _bench.Gateway
            .Then(context => ScriptedGateway.StreamAsync(context, [new { content = "Do" }], finish: null, usage: null))
            .Then(async context =>
            {
                await ScriptedGateway.StreamAsync(context, [new { content = "Don" }], finish: null, usage: null);
                context.Abort();
            })
            .Then(async context =>
            {
                await ScriptedGateway.StreamAsync(context, [new { content = "Don" }], finish: null, usage: null);
                await context.Response.WriteAsync("data: {\"error\":{\"message\":\"upstream died\"}}\n\n");
            })
            .Say("Done.");

        var result = await _bench.RunAsync();

        Assert.Equal("Done.", result.Summary);
        Assert.Equal(4, _bench.Gateway.Requests.Count);
        Assert.Single(_bench.Session.Events(EventTypes.AgentMessage));
    }

    [Fact]
    public async Task A_gateway_that_falls_silent_is_asked_again()
    {
        _bench.Settings["BuiltinAgent:Silence"] = "00:00:01";
        _bench.Gateway
            .Then(context => Task.Delay(Timeout.Infinite, context.RequestAborted))
            .Then(async context =>
            {
                await ScriptedGateway.StreamAsync(context, [new { content = "Do" }], finish: null, usage: null);
                await Task.Delay(Timeout.Infinite, context.RequestAborted);
            })
            .Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);
    }

    [Fact]
    public async Task Another_payload_under_the_key_gets_a_key_of_its_own()
    {
        _bench.Gateway.Fail(422, "idempotency_key_reused", "Another payload.").Fail(503, "x", "Later.").Say("Done.");

        Assert.Equal("Done.", (await _bench.RunAsync()).Summary);

        var key = $"{AgentBench.TaskId}:1:1";
        Assert.Equal([key, $"{key}.2", $"{key}.2"], _bench.Gateway.Requests.Select(request => request.Key));
    }

    [Fact]
    public async Task A_422_of_a_provider_is_a_failure_and_not_asked_again()
    {
        _bench.Gateway.Fail(422, "invalid", "No.").Say("Done.");

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Contains("No.", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task A_key_that_is_always_another_payloads_is_a_failure()
    {
        for (var i = 0; i < 5; i++)
        {
            _bench.Gateway.Fail(422, "idempotency_key_reused", string.Create(CultureInfo.InvariantCulture, $"No {i}."));
        }

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Contains("No 4.", result.Failure!.Message, StringComparison.Ordinal);
    }

    [Fact]
    public async Task A_model_that_is_not_there_fails_with_the_gateways_words()
    {
        _bench.Gateway.Fail(404, "model_not_found", "There is no model 'big'. There are: small.");

        var result = await _bench.RunAsync();

        Assert.Equal(new TaskFailure(FailureCodes.ModelNotFound, "There is no model 'big'. There are: small."), result.Failure);
        Assert.Equal(0, result.Turn);
    }

    [Theory]
    [InlineData(400, "context_length_exceeded", "Too long.")]
    [InlineData(403, "lease_over", "The lease is over.")]
    [InlineData(401, "unauthorized", "Who are you?")]
    public async Task A_lasting_refusal_fails_with_the_reason(int status, string code, string message)
    {
        _bench.Gateway.Fail(status, code, message);

        var result = await _bench.RunAsync();

        Assert.Equal(FailureCodes.ModelFailed, result.Failure?.Code);
        Assert.Contains(message, result.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Theory]
    [InlineData("x-codeagent-limit", FailureCodes.LimitReached)]
    [InlineData(null, FailureCodes.ModelFailed)]
    public async Task A_limit_at_the_gateway_is_a_limit_that_was_reached_and_one_at_the_provider_is_not(string? header, string failure)
    {
        _bench.Gateway.Then(context =>
        {
            context.Response.StatusCode = 429;
            context.Response.Headers["x-should-retry"] = "false";
            if (header is not null)
            {
                context.Response.Headers[header] = "usd";
            }

            return context.Response.WriteAsJsonAsync(new { error = new { code = "insufficient_quota", message = "The limit is reached." } });
        });

        var result = await _bench.RunAsync();

        Assert.Equal(failure, result.Failure?.Code);
        Assert.Contains("The limit is reached.", result.Failure!.Message, StringComparison.Ordinal);
        Assert.Single(_bench.Gateway.Requests);
    }

    [Fact]
    public async Task An_error_page_that_is_no_json_is_shown_as_it_is()
    {
        _bench.Gateway.Then(async context =>
        {
            context.Response.StatusCode = 418;
            await context.Response.WriteAsync("<h1>I'm a teapot</h1>");
        });

        Assert.Contains("<h1>I'm a teapot</h1>", (await _bench.RunAsync()).Failure!.Message, StringComparison.Ordinal);
    }
}
