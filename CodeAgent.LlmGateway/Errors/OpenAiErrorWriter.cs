using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.WebUtilities;

namespace CodeAgent.LlmGateway.Errors;

/// <summary>Writes whatever goes wrong under <c>/v1</c> in OpenAI's form, since that is what the clients there read.</summary>
internal sealed class OpenAiErrorWriter : IProblemDetailsWriter
{
    private const string LeaseOver = "lease_over";
    private const string KeyRefused = "provider_key_refused";

    public bool CanWrite(ProblemDetailsContext context) => context.HttpContext.Request.Path.StartsWithSegments("/v1");

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

        var error = new OpenAiError(message, Type(status), code, problem.Extensions.TryGetValue("field", out var field) ? field as string : null);
        http.Response.StatusCode = status;
        http.Response.ContentType = "application/json";
        if (!IsWorthRetrying(status) || code == KeyRefused)
        {
            // OpenAI's clients retry 409 and any 5xx by themselves, unless they are told.
            http.Response.Headers["x-should-retry"] = "false";
        }

        await http.Response.Body.WriteAsync(error.ToBytes(), http.RequestAborted);
    }

    private static string Type(int status) => status switch
    {
        StatusCodes.Status401Unauthorized => "authentication_error",
        StatusCodes.Status403Forbidden => "permission_error",
        >= StatusCodes.Status500InternalServerError => "server_error",
        _ => "invalid_request_error",
    };

    private static bool IsWorthRetrying(int status) => status is StatusCodes.Status409Conflict or StatusCodes.Status502BadGateway
        or StatusCodes.Status503ServiceUnavailable or StatusCodes.Status504GatewayTimeout;
}
