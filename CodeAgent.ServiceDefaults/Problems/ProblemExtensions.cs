using System.Diagnostics;
using System.Globalization;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;

namespace CodeAgent.ServiceDefaults.Problems;

internal static class ProblemExtensions
{
    private const string TypePrefix = "urn:codeagent:problem:";

    public static void AddProblems(this WebApplicationBuilder builder)
    {
        builder.Services.Configure<RouteHandlerOptions>(options => options.ThrowOnBadRequest = true);
        builder.Services.AddExceptionHandler<ProblemExceptionHandler>();
        builder.Services.AddProblemDetails(options => options.CustomizeProblemDetails = context =>
        {
            var problem = context.ProblemDetails;
            if (problem.Type?.StartsWith(TypePrefix, StringComparison.Ordinal) != true)
            {
                problem.Type = TypePrefix + Slug(problem.Status ?? StatusCodes.Status500InternalServerError);
            }

            problem.Extensions.Remove("traceId");
            problem.Extensions["correlationId"] = Activity.Current?.TraceId.ToHexString();
        });
    }

    private static string Slug(int status) =>
        ReasonPhrases.GetReasonPhrase(status).ToLowerInvariant().Replace(' ', '-');

    private sealed class ProblemExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
        {
            var problem = exception switch
            {
                ProblemException p => p,
                BadHttpRequestException e => new ProblemException(Slug(e.StatusCode), e.StatusCode, e.Message),
                _ when exception.MeansRedisIsAway() => new ProblemException("redis-unavailable",
                    StatusCodes.Status503ServiceUnavailable, "Redis cannot be reached just now. Whether this request has changed anything is not known: look before you repeat it.")
                {
                    RetryAfter = TimeSpan.FromSeconds(2),
                },
                _ => null,
            };
            if (problem is null)
            {
                return false;
            }

            context.Response.StatusCode = problem.Status;
            if (problem.RetryAfter is { } wait)
            {
                context.Response.Headers.RetryAfter = Math.Ceiling(wait.TotalSeconds).ToString(CultureInfo.InvariantCulture);
            }

            var details = new ProblemDetails
            {
                Type = TypePrefix + problem.Type,
                Title = ReasonPhrases.GetReasonPhrase(problem.Status),
                Status = problem.Status,
                Detail = problem.Message,
            };
            if (problem.Field is { } field)
            {
                details.Extensions["field"] = field;
            }

            return await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = details, Exception = exception });
        }
    }
}
