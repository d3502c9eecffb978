using System.ComponentModel;
using System.Net;
using System.Security.Claims;
using CodeAgent.Api.Http;
using CodeAgent.Api.Repositories;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Configuration;
using CodeAgent.ServiceDefaults.Identity;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Extensions.DependencyInjection.Extensions;

namespace CodeAgent.Api.Callbacks;

internal static class CallbackEndpoints
{
    private const int LongestPage = 200;

    public static WebApplicationBuilder AddCallbacks(this WebApplicationBuilder builder)
    {
        builder.Services.TryAddSingleton(services => new AddressGuard(
            () => services.GetRequiredService<ConfigFile<ApiConfig>>().Current.Callbacks.AllowedNetworks, Dns.GetHostAddressesAsync));
        builder.Services.AddSingleton<CallbackRules>();
        builder.Services.AddSingleton<CallbackQueue>();
        builder.Services.AddSingleton<CallbackSender>();
        builder.Services.AddSingleton<CallbackSignal>();
        builder.Services.AddHostedService(services => services.GetRequiredService<CallbackSignal>());
        builder.Services.AddHostedService<CallbackDispatcher>();
        builder.Services.ConfigureHttpJsonOptions(json => json.SerializerOptions.TypeInfoResolverChain.Insert(0, CallbacksJson.Default));
        return builder;
    }

    public static WebApplication MapCallbacks(this WebApplication app)
    {
        app.MapGet("/v1/tasks/{id:guid}/callbacks", ListAsync).WithTags("Tasks").RequireAuthorization(Scopes.Read).WithQuery("cursor", "limit")
            .WithSummary("See what came of a task's callbacks")
            .WithDescription("The last 200 attempts to deliver them, the newest first.")
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        return app;
    }

    private static async Task<Ok<Page<CallbackAttempt>>> ListAsync(
        Guid id, ClaimsPrincipal caller, TaskStore tasks, CallbackQueue callbacks,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Attempts of a page: 1 to 200, 50 by default.")] string? limit = null)
    {
        var size = QueryParameters.PageSize(limit, 50, LongestPage);
        if (await tasks.FindAsync(id, caller.Tenant()) is null)
        {
            throw TaskProblems.NotFound();
        }

        var log = await callbacks.LogAsync(id);
        var after = cursor is null ? -1 : log.ToList().FindIndex(attempt => Name(attempt) == cursor);
        if (cursor is not null && after < 0)
        {
            throw TaskProblems.Invalid("cursor", "cursor is next of the page before, as it was; what it named may be among the last attempts no more.");
        }

        var page = log.Skip(after + 1).Take(size).ToList();
        return TypedResults.Ok(new Page<CallbackAttempt>(page, after + 1 + page.Count < log.Count ? Name(page[^1]) : null));
    }

    private static string Name(CallbackAttempt attempt) => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{attempt.Callback}:{attempt.Attempt}");
}
