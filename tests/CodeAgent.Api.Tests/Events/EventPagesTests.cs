using CodeAgent.Api.Events;
using CodeAgent.Testing;

namespace CodeAgent.Api.Tests.Events;

public sealed class EventPagesTests : IDisposable
{
    private static readonly TimeSpan Limit = TimeSpan.FromSeconds(20);
    private static readonly EventPage Wanted = new(Guid.NewGuid(), 0, 20);
    private readonly List<(EventPage Page, TaskCompletionSource<IReadOnlyList<LoggedEvent>> Answer)> _asked = [];
    private readonly EventPages _pages;

    public EventPagesTests() => _pages = new(page =>
    {
        var answer = new TaskCompletionSource<IReadOnlyList<LoggedEvent>>();
        lock (_asked)
        {
            _asked.Add((page, answer));
        }

        return answer.Task;
    });

    public void Dispose() => _pages.Dispose();

    [Fact]
    public async Task However_many_fall_behind_together_few_pages_are_read_and_those_who_wait_share_one()
    {
        var readers = Enumerable.Range(0, 1_000).Select(_ => _pages.ReadAsync(Wanted)).ToList();
        Assert.Equal(16, _asked.Count);

        _asked[0].Answer.SetResult([]);
        await AskedAsync(17);
        Assert.All(readers.Skip(17), reader => Assert.Same(readers[16], reader));

        var answer = new[] { new LoggedEvent(1, "x", "{}") };
        _asked[16].Answer.SetResult(answer);
        Assert.Same(answer, await readers[^1]);
    }

    [Fact]
    public void Nobody_is_given_a_page_whose_reading_began_before_he_came()
    {
        var first = _pages.ReadAsync(Wanted);
        var second = _pages.ReadAsync(Wanted);

        Assert.NotSame(first, second);
        Assert.Equal([Wanted, Wanted], _asked.Select(one => one.Page));
    }

    [Fact]
    public async Task A_reading_that_fails_fails_for_those_who_share_it_and_nobody_else()
    {
        for (var i = 0; i < 16; i++)
        {
            _ = _pages.ReadAsync(Wanted);
        }

        var shared = _pages.ReadAsync(Wanted);
        _asked[0].Answer.SetResult([]);
        await AskedAsync(17);
        _asked[16].Answer.SetException(new InvalidOperationException("x"));
        await Assert.ThrowsAsync<InvalidOperationException>(() => shared);

        var next = _pages.ReadAsync(Wanted);
        await AskedAsync(18);
        _asked[17].Answer.SetResult([]);
        Assert.Empty(await next);
    }

    private Task AskedAsync(int count) => Eventually.TrueAsync(() => Task.FromResult(_asked.Count == count), Limit, $"{count} pages are asked for");
}
