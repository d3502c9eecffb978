using System.ComponentModel;
using System.Globalization;
using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Http.HttpResults;

namespace CodeAgent.Api.Audit;

internal static class AuditEndpoints
{
    private const int LongestPage = 500;

    /// <summary>Adds the log of who did what.</summary>
    public static WebApplicationBuilder AddAudit(this WebApplicationBuilder builder)
    {
        builder.Services.AddSingleton<AuditLog>();
        builder.Services.AddSingleton<AuditWriter>();
        builder.Services.AddHostedService(services => services.GetRequiredService<AuditWriter>());
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, AuditJson.Default));
        return builder;
    }

    /// <summary>Notes what is asked for; before everything else, so that it sees how each request ended.</summary>
    public static WebApplication UseAudit(this WebApplication app)
    {
        app.UseMiddleware<AuditMiddleware>();
        return app;
    }

    public static WebApplication MapAudit(this WebApplication app)
    {
        app.MapGet("/v1/audit", ListAsync).WithTags("Audit").RequireAuthorization(Scopes.Admin).WithQuery("cursor", "limit")
            .WithSummary("See who did what, newest first")
            .WithDescription("Changes that people asked for, and who was refused. A tenant sees its own.")
            .ProducesProblem(StatusCodes.Status400BadRequest);
        return app;
    }

    /// <summary>Says what a request was about, where its address does not.</summary>
    public static void SetAuditTarget(this HttpContext context, string id) => context.Features.Set(new Target(id));

    /// <summary>What the request was about, where that was said.</summary>
    public static string? AuditTarget(this HttpContext context) => context.Features.Get<Target>()?.Id;

    private static async Task<Ok<Page<AuditEntry>>> ListAsync(
        AuditLog log, ClaimsPrincipal caller,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Entries a page: 1 to 500, 100 by default.")] string? limit = null)
    {
        var size = QueryParameters.PageSize(limit, 100, LongestPage);
        var before = cursor is null ? 0 : long.TryParse(cursor, NumberStyles.None, CultureInfo.InvariantCulture, out var number) && number is > 0 and < int.MaxValue ? number
            : throw TaskProblems.Invalid("cursor", "cursor is next of the page before, as it was.");
        return TypedResults.Ok(await log.ReadAsync(caller.Tenant(), before, size));
    }

    private sealed record Target(string Id);
}
