using System.Net;
using CodeAgent.Api.Callbacks;

namespace CodeAgent.Api.Tests.Callbacks;

public sealed class CallbackScheduleTests
{
    private static readonly DateTimeOffset Start = new(2026, 1, 2, 3, 4, 5, TimeSpan.Zero);
    private static readonly CallbackConfig Config = new();

    [Fact]
    public void The_tries_are_spread_over_a_day()
    {
        var (at, pauses) = (Start, new List<double>());
        for (var attempts = 0; ; attempts++)
        {
            var judged = Judge(new(HttpStatusCode.InternalServerError, null), attempts, at, chance: 0.5);
            if (judged.NextAt is not { } next)
            {
                Assert.Equal((CallbackOutcomes.GivenUp, 10), (judged.Outcome, judged.Attempt));
                break;
            }

            pauses.Add((next - at).TotalSeconds);
            at = next;
        }

        Assert.Equal([10, 30, 90, 270, 810, 2430, 7290, 21870, 43200], pauses);
    }

    [Theory]
    [InlineData(0, 8)]
    [InlineData(0.5, 10)]
    [InlineData(1, 12)]
    public void Pauses_differ_by_a_fifth(double chance, double seconds) =>
        Assert.Equal(Start.AddSeconds(seconds), Judge(new(HttpStatusCode.BadGateway, null), chance: chance).NextAt);

    [Theory]
    [InlineData(1, 10)]
    [InlineData(3600, 3600)]
    [InlineData(1_000_000, 86_400)]
    [InlineData(-5, 10)]
    public void A_receiver_may_ask_for_a_longer_pause(int asked, double seconds) =>
        Assert.Equal(Start.AddSeconds(seconds), Judge(new(HttpStatusCode.ServiceUnavailable, null, TimeSpan.FromSeconds(asked))).NextAt);

    [Theory]
    [InlineData(200, CallbackOutcomes.Delivered)]
    [InlineData(204, CallbackOutcomes.Delivered)]
    [InlineData(299, CallbackOutcomes.Delivered)]
    [InlineData(410, CallbackOutcomes.Gone)]
    [InlineData(301, CallbackOutcomes.Failed)]
    [InlineData(302, CallbackOutcomes.Failed)]
    [InlineData(400, CallbackOutcomes.Failed)]
    [InlineData(404, CallbackOutcomes.Failed)]
    [InlineData(429, CallbackOutcomes.Failed)]
    [InlineData(503, CallbackOutcomes.Failed)]
    public void Any_2xx_is_success_410_the_end_and_all_else_a_failure(int status, string outcome) =>
        Assert.Equal((outcome, status), (Judge(new((HttpStatusCode)status, null)).Outcome, Judge(new((HttpStatusCode)status, null)).Status));

    [Fact]
    public void A_callback_that_is_too_old_is_given_up_however_few_its_tries() =>
        Assert.Equal(CallbackOutcomes.GivenUp, Judge(new(null, "x"), now: Start + Config.GiveUpAfter).Outcome);

    private static CallbackAttempt Judge(CallbackReply reply, int attempts = 0, DateTimeOffset? now = null, double chance = 0.5) => CallbackSchedule.Judge(
        new("msg_1", Guid.Empty, null, "https://x.org", "", "task.failed", Start, [], attempts), reply, Config, Start, now ?? Start, chance);
}
