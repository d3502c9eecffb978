using System.Diagnostics;
using System.Globalization;
using CodeAgent.ServiceDefaults.Redis;
using Microsoft.AspNetCore.Diagnostics;
using Microsoft.AspNetCore.Mvc;
using Microsoft.AspNetCore.WebUtilities;
using Microsoft.Extensions.Options;
using JsonOptions = Microsoft.AspNetCore.Http.Json.JsonOptions;

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

        // The framework's own writer comes first, and keeps silent where the client does not accept JSON.
        builder.Services.AddSingleton<IProblemDetailsWriter, UnaskedWriter>();
    }

    private static string Slug(int status) =>
        ReasonPhrases.GetReasonPhrase(status).ToLowerInvariant().Replace(' ', '-');

    /// <summary>Why something was refused is said to those as well who did not ask for JSON: better than nothing at all (RFC 9110, 12.1).</summary>
    private sealed class UnaskedWriter(IOptions<ProblemDetailsOptions> options, IOptions<JsonOptions> json) : IProblemDetailsWriter
    {
        public bool CanWrite(ProblemDetailsContext context) => true;

        public async ValueTask WriteAsync(ProblemDetailsContext context)
        {
            var (problem, response) = (context.ProblemDetails, context.HttpContext.Response);
            problem.Status ??= response.StatusCode;
            problem.Title ??= ReasonPhrases.GetReasonPhrase(response.StatusCode);
            options.Value.CustomizeProblemDetails?.Invoke(context);
            await response.WriteAsJsonAsync(problem, json.Value.SerializerOptions.GetTypeInfo(typeof(ProblemDetails)), "application/problem+json", context.HttpContext.RequestAborted);
        }
    }

    private sealed class ProblemExceptionHandler(IProblemDetailsService problems) : IExceptionHandler
    {
        public async ValueTask<bool> TryHandleAsync(HttpContext context, Exception exception, CancellationToken cancellationToken)
        {
            var problem = exception switch
            {
                ProblemException p => p,
                BadHttpRequestException e => new ProblemException(Slug(e.StatusCode), e.StatusCode, e.Message),
                // So the server says that a chunk's length is larger than any number; of other bad chunks it says it as above.
                IOException { InnerException: OverflowException } => new ProblemException(Slug(StatusCodes.Status400BadRequest), StatusCodes.Status400BadRequest, "A chunk of the body is longer than any can be."),
                _ when exception.MeansDiskIsFull() => DiskErrors.Full(),
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

            // The writer leaves a refusal to others where the caller takes no JSON, as a browser that watches events; there are no others.
            context.Request.Headers.Accept = default;
            return await problems.TryWriteAsync(new() { HttpContext = context, ProblemDetails = details, Exception = exception });
        }
    }
}
