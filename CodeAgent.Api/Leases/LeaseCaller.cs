using System.Security.Claims;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;

namespace CodeAgent.Api.Leases;

internal static class LeaseCaller
{
    /// <summary>The fencing number of the caller's token, which may be over.</summary>
    /// <exception cref="ProblemException">403 where it is no token of this task.</exception>
    public static long FenceFor(this ClaimsPrincipal caller, Guid task) => caller.TaskToken() is { } token && token.Task == task
        ? token.Fence
        : throw new ProblemException("forbidden", StatusCodes.Status403Forbidden, "Only the token of a lease of this task opens this.");

    public static ProblemException Lost() =>
        new("lease-lost", StatusCodes.Status409Conflict, "The lease is over; the task belongs to another worker, or to none.");
}
