using System.Security.Claims;
using CodeAgent.LlmGateway.Calls;
using CodeAgent.LlmGateway.Configuration;
using CodeAgent.LlmGateway.Protocols;
using CodeAgent.LlmGateway.Routing;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.LlmGateway.Budgets;

/// <summary>
/// Lets requests in as far as the limits of their callers go. What a request may use at most is reserved before a provider is
/// asked, so that requests at the same time cannot pass a limit together; what it did use is settled afterwards.
/// </summary>
internal sealed class BudgetDesk(
    ConfigFile<GatewayConfig> file, Subjects subjects, AdmissionQueue admissions, SettlementQueue settlements)
{
    private static readonly TimeSpan SettlementPatience = TimeSpan.FromSeconds(1);

    /// <summary>Reserves what a request may use. Its answer gets the rate-limit headers of its protocol.</summary>
    /// <param name="http">The request.</param>
    /// <param name="request">What is asked.</param>
    /// <param name="route">Where it may go.</param>
    /// <param name="output">What the caller is sent: signs of life perhaps by now, after which there are no headers any more.</param>
    /// <exception cref="ProblemException">429: a limit is reached; 401: the key was revoked just now; 503: Redis does not answer.</exception>
    public ValueTask<Admission> AdmitAsync(HttpContext http, ModelRequest request, ModelRoute route, CallerOutput output) =>
        AdmitAsync(http, request, route, output, NeedOf(request, route, file.Current.Limits));

    /// <summary>Counts a request that is answered without asking a provider.</summary>
    /// <exception cref="ProblemException">429: a limit of requests is reached; 401: the key was revoked just now; 503: Redis does not answer.</exception>
    public ValueTask<Admission> AdmitRepetitionAsync(HttpContext http, ModelRequest request, ModelRoute route, CallerOutput output) =>
        AdmitAsync(http, request, route, output, default);

    /// <summary>Books a request that nothing was reserved for.</summary>
    public void BookRepetition(ClaimsPrincipal caller, ModelRoute route) =>
        settlements.Settle(null, AccountOf(Identity(caller), route), new(Booking.NoUsage, 0) { IsRepeated = true });

    private async ValueTask<Admission> AdmitAsync(HttpContext http, ModelRequest request, ModelRoute route, CallerOutput output, Need need)
    {
        var (limits, caller) = (file.Current.Limits, Identity(http.User));
        var account = AccountOf(caller, route);
        var found = await subjects.OfAsync(caller, limits);
        if (found.Length == 0)
        {
            return new(settlements, account, null);
        }

        var reservation = await ReserveAsync(caller, found, need, limits);

        // What was reserved for requests that are over, and is being given back just now, must not stand in the way.
        if (reservation is { Verdict: Verdict.Refused, RefusedMeasure: not Measure.Requests } && await settlements.FlushAsync(SettlementPatience))
        {
            reservation = await ReserveAsync(caller, found, need, limits);
        }

        var admission = new Admission(settlements, account, reservation);
        try
        {
            await TellAsync(http, request.Protocol, reservation, output);
        }
        catch when (reservation.Verdict == Verdict.Admitted)
        {
            // The caller is gone already.
            admission.Settle(CallOutcome.Nothing);
            throw;
        }

        return admission;
    }

    private static async ValueTask TellAsync(HttpContext http, Protocol protocol, Reservation reservation, CallerOutput output)
    {
        // Between two signs of life: the first one sends the headers.
        await output.EnterAsync();
        try
        {
            RateLimitHeaders.Attach(http, protocol, reservation);
            if (reservation.Verdict != Verdict.Admitted)
            {
                throw reservation.Verdict == Verdict.KeyIsGone
                    ? new ProblemException("unauthorized", StatusCodes.Status401Unauthorized, "The key is not known here, or was revoked.")
                    : Refusals.Refuse(http, reservation);
            }
        }
        finally
        {
            output.Leave();
        }
    }

    private async Task<Reservation> ReserveAsync(CallerIdentity caller, Subject[] found, Need need, LimitsConfig limits)
    {
        var reservation = new Reservation(found, caller.KeyRecord, need);
        try
        {
            await admissions.ReserveAsync(reservation, limits.ReservationLifetime);
        }
        catch (Exception) when (reservation.Answered is { } answered)
        {
            _ = GiveBackAsync(reservation, answered);
            throw;
        }

        return reservation;
    }

    private async Task GiveBackAsync(Reservation reservation, Task<bool> answered) => settlements.GiveBack(reservation, await answered);

    private static Need NeedOf(ModelRequest request, ModelRoute route, LimitsConfig limits)
    {
        const long LongestAnswer = 100_000_000;
        if (request.Operation == Operation.CountTokens)
        {
            return default;
        }

        var input = request.InputEstimate;
        var (known, assumed) = request.Operation == Operation.Embed ? (0, 0)
            : request.MaxOutputTokens is { } most ? (Math.Clamp(most, 0, LongestAnswer) * request.Choices, 0L)
            : (0L, (long)limits.AssumedOutputTokens * request.Choices);
        var (money, likedMoney) = (0L, 0L);
        foreach (var deployment in route.Deployments)
        {
            if (deployment.Pricing?.Tokens is { } prices)
            {
                money = Math.Max(money, prices.Most(input, known));
                likedMoney = Math.Max(likedMoney, prices.Most(0, assumed));
            }
        }

        return new(input + known, assumed, money, likedMoney);
    }

    private static Account AccountOf(CallerIdentity caller, ModelRoute route) =>
        new(caller.Key?.Id ?? Account.Tasks, route.IsListed ? route.Model : $"{route.First.ProviderName}/*", caller.Token?.Task);

    private static CallerIdentity Identity(ClaimsPrincipal caller) =>
        caller.Identity as CallerIdentity ?? throw new InvalidOperationException("Only callers who are known are let in.");
}
