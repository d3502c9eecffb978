using System.Net;

namespace CodeAgent.Api.Callbacks;

/// <summary>What comes after an attempt. No I/O, no clock.</summary>
internal static class CallbackSchedule
{
    private const double Growth = 3;
    private const double Jitter = 0.2;
    private static readonly TimeSpan LongestHint = TimeSpan.FromDays(1);

    /// <summary>Judges an attempt.</summary>
    /// <param name="callback">The callback, as it was before.</param>
    /// <param name="reply">What the receiver answered.</param>
    /// <param name="config">How often it is tried.</param>
    /// <param name="began">When the attempt began.</param>
    /// <param name="now">When it ended.</param>
    /// <param name="chance">0 to 1: where in the range of its jitter the pause is.</param>
    public static CallbackAttempt Judge(Callback callback, CallbackReply reply, CallbackConfig config, DateTimeOffset began, DateTimeOffset now, double chance)
    {
        var attempt = new CallbackAttempt(callback.Id, callback.Type, callback.Attempts + 1, began, (long)(now - began).TotalMilliseconds, CallbackOutcomes.Failed)
        {
            Status = (int?)reply.Status,
            Error = reply.Error,
        };
        if (reply.Status is >= HttpStatusCode.OK and < HttpStatusCode.MultipleChoices)
        {
            return attempt with { Outcome = CallbackOutcomes.Delivered };
        }

        if (reply.Status == HttpStatusCode.Gone)
        {
            return attempt with { Outcome = CallbackOutcomes.Gone };
        }

        var next = now + Pause(attempt.Attempt, reply.RetryAfter, config, chance);
        return attempt.Attempt >= config.Attempts || next > callback.At + config.GiveUpAfter
            ? attempt with { Outcome = CallbackOutcomes.GivenUp }
            : attempt with { NextAt = next };
    }

    private static TimeSpan Pause(int attempt, TimeSpan? hint, CallbackConfig config, double chance)
    {
        var pause = Math.Min(config.FirstPause.TotalSeconds * Math.Pow(Growth, attempt - 1), config.LongestPause.TotalSeconds);
        var jittered = TimeSpan.FromSeconds(pause * (1 - Jitter + (2 * Jitter * chance)));
        var asked = hint > LongestHint ? LongestHint : hint;
        return asked > jittered ? asked.Value : jittered;
    }
}
