using System.Net;

namespace CodeAgent.Worker.Api;

/// <summary>The lease is over: another worker may have the task by now. Nothing more may be written under it.</summary>
/// <param name="reason">What the Api says.</param>
internal sealed class LeaseLostException(string reason) : Exception(reason);

/// <summary>The Api refused a request for a reason that trying again does not change.</summary>
/// <param name="status">The answer's status.</param>
/// <param name="reason">What the Api says.</param>
internal sealed class ApiRefusedException(HttpStatusCode status, string reason) : Exception($"The Api answered {(int)status}: {reason}")
{
    /// <summary>The answer's status.</summary>
    public HttpStatusCode Status { get; } = status;
}

/// <summary>The Api could not answer just now.</summary>
/// <param name="reason">Why.</param>
internal sealed class ApiUnavailableException(string reason) : Exception(reason);
