using System.ClientModel;
using System.Globalization;
using System.Net;

namespace CodeAgent.Worker.Agents.Builtin.Models;

/// <summary>A failure that may be gone at the next try.</summary>
/// <param name="Message">What it was.</param>
/// <param name="RetryAfter">When to try again, where the answer says so.</param>
internal sealed record PassingFailure(string Message, TimeSpan? RetryAfter)
{
    /// <summary>Tells passing failures from lasting ones.</summary>
    /// <returns>None where trying again is of no use.</returns>
    public static PassingFailure? From(Exception exception, TimeProvider time) => exception switch
    {
        // No answer at all: the gateway is being restarted, or is not there.
        ClientResultException { Status: 0 } e => new($"The gateway cannot be reached: {e.Message}", null),
        ClientResultException e when Passes(e) => new(GatewayProblem.Describe(e), RetryAfterOf(e, time)),
        HttpRequestException or IOException => new(exception.Message, null),
        // The caller did not cancel, so it was the limit on silence.
        OperationCanceledException => new("The gateway fell silent.", null),
        _ => null,
    };

    // 409: the same turn is being answered to somebody else, who may be gone.
    private static bool Passes(ClientResultException e) =>
        e.Status is (int)HttpStatusCode.Conflict or (int)HttpStatusCode.RequestTimeout or (int)HttpStatusCode.TooManyRequests or >= 500
        && Header(e, "x-should-retry") != "false";

    private static TimeSpan? RetryAfterOf(ClientResultException e, TimeProvider time)
    {
        var value = Header(e, "Retry-After");
        if (double.TryParse(value, NumberStyles.Float, CultureInfo.InvariantCulture, out var seconds))
        {
            return TimeSpan.FromSeconds(Math.Clamp(seconds, 0, 86_400));
        }

        return DateTimeOffset.TryParse(value, CultureInfo.InvariantCulture, DateTimeStyles.AssumeUniversal, out var at) && at > time.GetUtcNow()
            ? at - time.GetUtcNow()
            : null;
    }

    private static string? Header(ClientResultException e, string name) =>
        e.GetRawResponse()?.Headers.TryGetValue(name, out var value) == true ? value : null;
}
