using CodeAgent.LlmGateway.Protocols;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.WebUtilities;

namespace CodeAgent.LlmGateway.Errors;

/// <summary>Writes whatever goes wrong at a model's address in the form of the protocol that is spoken there.</summary>
internal sealed class ProtocolErrorWriter : IProblemDetailsWriter
{
    private const string LeaseOver = "lease_over";
    private const string KeyRefused = "provider_key_refused";

    public bool CanWrite(ProblemDetailsContext context) => ErrorForms.Of(context.HttpContext.Request) is not null;

    public async ValueTask WriteAsync(ProblemDetailsContext context)
    {
        var (problem, http) = (context.ProblemDetails, context.HttpContext);
        var status = problem.Status ?? http.Response.StatusCode;
        var reason = ReasonPhrases.GetReasonPhrase(status);
        var message = problem.Detail ?? $"{reason}: {http.Request.Method} {http.Request.Path}";
        var kind = problem.Type?.StartsWith("urn:", StringComparison.Ordinal) == true ? problem.Type[(problem.Type.LastIndexOf(':') + 1)..] : reason.ToLowerInvariant();
        var code = kind.Replace('-', '_').Replace(' ', '_');
        if (status == StatusCodes.Status403Forbidden && http.User.TaskToken() is { } token)
        {
            (message, code) = ($"The lease of this token (task {token.Task}, fence {token.Fence}) is over.", LeaseOver);
        }

        var error = new GatewayError(status, code, message, problem.Extensions.TryGetValue("field", out var field) ? field as string : null);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        if (!IsWorthRetrying(status) || code == KeyRefused)
        {
            // OpenAI's and Anthropic's clients retry 409 and any 5xx by themselves, unless they are told.
            http.Response.Headers["x-should-retry"] = "false";
        }

        await http.Response.Body.WriteAsync(ErrorForms.Body(ErrorForms.Of(http.Request)!.Value, error), http.RequestAborted);
    }

    private static bool IsWorthRetrying(int status) => status is StatusCodes.Status409Conflict or StatusCodes.Status502BadGateway
        or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout;
}
