using CodeAgent.Api.Leases;
using CodeAgent.Testing;
using Microsoft.Extensions.Logging.Abstractions;
using Microsoft.Extensions.Time.Testing;
using StackExchange.Redis;

namespace CodeAgent.Api.Tests.Leases;

public sealed class QueueSignalTests : IAsyncLifetime
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(5);
    private readonly FakeTimeProvider _time = new();
    private ConnectionMultiplexer _nowhere = null!;
    private QueueSignal _signal = null!;

    public async ValueTask InitializeAsync()
    {
        _nowhere = await ConnectionMultiplexer.ConnectAsync($"127.0.0.1:{FreePort.Next()},abortConnect=false,connectTimeout=100,connectRetry=1");
        _signal = new(_nowhere, _time, NullLogger<QueueSignal>.Instance);
    }

    public async ValueTask DisposeAsync()
    {
        _signal.Dispose();
        await _nowhere.DisposeAsync();
    }

    [Fact]
    public async Task One_call_wakes_the_one_who_waits_longest_for_such_work()
    {
        using var other = _signal.Enter(["codex"]);
        using var first = _signal.Enter(["builtin", "command"]);
        using var second = _signal.Enter(["command"]);
        var (others, firsts, seconds) = (Wait(other), Wait(first), Wait(second));

        _signal.Wake("command");

        await firsts.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.False(others.IsCompleted || seconds.IsCompleted);
        _signal.Wake("command");
        await seconds.WaitAsync(Limit, TestContext.Current.CancellationToken);
        Assert.False(others.IsCompleted);
    }

    [Fact]
    public async Task A_call_that_its_worker_did_not_follow_goes_on_to_the_next()
    {
        var busy = _signal.Enter(["command"]);
        using var next = _signal.Enter(["command"]);
        var waits = Wait(next);
        _signal.Wake("command");
        Assert.False(waits.IsCompleted);

        busy.Dispose();

        await waits.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    [Fact]
    public async Task A_call_that_was_followed_goes_no_further()
    {
        var first = _signal.Enter(["command"]);
        using var second = _signal.Enter(["command"]);
        var waits = Wait(second);
        _signal.Wake("command");
        await Wait(first);
        first.Dispose();

        Assert.False(waits.IsCompleted);
    }

    [Fact]
    public async Task Without_a_call_the_time_is_up_in_the_end()
    {
        using var waiter = _signal.Enter(["command"]);
        var waits = Wait(waiter);
        _time.Advance(TimeSpan.FromSeconds(30));

        await waits.WaitAsync(Limit, TestContext.Current.CancellationToken);
    }

    private Task Wait(QueueSignal.Waiter waiter) => waiter.WaitAsync(TimeSpan.FromSeconds(30), _time, TestContext.Current.CancellationToken);
}
