using System.ComponentModel;
using System.Security.Claims;
using CodeAgent.Api.Events;
using CodeAgent.Api.Http;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Identity;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.Net.Http.Headers;

namespace CodeAgent.Api.Artifacts;

internal static partial class ArtifactEndpoints
{
    private const int LongestPage = 200;
    private const string Log = "log";

    public static WebApplication MapArtifacts(this WebApplication app)
    {
        var artifacts = app.MapGroup("/v1/tasks/{id:guid}").WithTags("Tasks").RequireAuthorization(Scopes.Read)
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status404NotFound);
        artifacts.MapGet("/artifacts", ListAsync).WithSummary("List what a task left").WithQuery("cursor", "limit");
        artifacts.MapGet("/artifacts/{name}", GetAsync).WithSummary("Get the patch, the log or another artifact")
            .WithDescription("In ranges, if asked so. The entity tag is the SHA-256 of the content. The log can be followed while the task runs: then it is text that grows until the task is final, made from the events of all attempts.")
            .WithQuery("follow").ProducesContent();
        artifacts.MapMethods("/artifacts/{name}", [HttpMethods.Head], HeadAsync).WithQuery("follow").ExcludeFromDescription();

        app.MapGet("/v1/leases/{taskId:guid}/artifacts/{name}", GetUnderLeaseAsync).WithTags("Leases").RequireAuthorization(Scopes.TaskToken)
            .WithSummary("Get an artifact of the leased task, those of checkpoints included").WithQuery().ProducesContent()
            .ProducesProblem(StatusCodes.Status400BadRequest).ProducesProblem(StatusCodes.Status403Forbidden)
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status409Conflict);
        return app;
    }

    private static RouteHandlerBuilder ProducesContent(this RouteHandlerBuilder endpoint) => endpoint
        .Produces<Stream>(contentType: "application/octet-stream")
        .Produces<Stream>(StatusCodes.Status206PartialContent, "application/octet-stream")
        .Produces(StatusCodes.Status304NotModified);

    private static async Task<Ok<Page<ArtifactView>>> ListAsync(
        Guid id, ClaimsPrincipal caller, TaskStore tasks,
        [Description("next of the page before.")] string? cursor = null,
        [Description("Artifacts a page: 1 to 200.")] int limit = 50)
    {
        if (limit is < 1 or > LongestPage)
        {
            throw TaskProblems.Invalid("limit", $"limit is 1 to {LongestPage}.");
        }

        var task = await tasks.FindAsync(id, caller.Tenant()) ?? throw TaskProblems.NotFound();
        var rest = task.Artifacts
            .Where(artifact => !artifact.IsInternal && string.CompareOrdinal(artifact.Name, cursor) > 0)
            .OrderBy(artifact => artifact.Name, StringComparer.Ordinal)
            .ToList();
        return TypedResults.Ok(new Page<ArtifactView>(
            [.. rest.Take(limit).Select(artifact => artifact.ToView())], rest.Count > limit ? rest[limit - 1].Name : null));
    }

    private static async Task<IResult> GetAsync(
        Guid id, string name, ClaimsPrincipal caller, HttpResponse response, TaskStore tasks, EventLog events, ArtifactStore files, ILogger<ArtifactStore> logger,
        [Description("true: the log, and what comes to it, until the task is final. false by default. For the log alone.")] string? follow = null)
    {
        ArtifactName.Require(name);
        var live = follow switch
        {
            null or "false" => false,
            "true" when name == Log => true,
            "true" => throw TaskProblems.Invalid("follow", $"Only the artifact {Log} grows and can be followed."),
            _ => throw TaskProblems.Invalid("follow", "follow is true or false."),
        };
        var task = await tasks.FindAsync(id, caller.Tenant()) ?? throw TaskProblems.NotFound();

        // Every task that is over has a log, also one that ended without a worker.
        if (live || (name == Log && task.IsFinal && task.Artifacts.All(artifact => artifact.Name != Log)))
        {
            return new FollowedLog(events.FollowAsync(id, 0, default));
        }

        return Send(task, name, artifact => !artifact.IsInternal, response, files, logger);
    }

    private static async Task<IResult> HeadAsync(
        Guid id, string name, ClaimsPrincipal caller, HttpResponse response, TaskStore tasks, EventLog events, ArtifactStore files, ILogger<ArtifactStore> logger, string? follow = null)
    {
        var result = await GetAsync(id, name, caller, response, tasks, events, files, logger, follow);
        return result is FollowedLog ? TypedResults.Content("", FollowedLog.ContentType) : result;
    }

    private static async Task<PhysicalFileHttpResult> GetUnderLeaseAsync(
        Guid taskId, string name, ClaimsPrincipal caller, HttpResponse response, TaskStore tasks, ArtifactStore files, ILogger<ArtifactStore> logger)
    {
        var fence = caller.FenceFor(taskId);
        ArtifactName.Require(name);
        if (await tasks.FindAsync(taskId) is not { Lease: not null } task || task.Fence != fence)
        {
            throw LeaseCaller.Lost();
        }

        return Send(task, name, _ => true, response, files, logger);
    }

    private static PhysicalFileHttpResult Send(
        TaskState task, string name, Func<StoredArtifact, bool> visible, HttpResponse response, ArtifactStore files, ILogger logger)
    {
        if (task.Artifacts.FirstOrDefault(artifact => artifact.Name == name && visible(artifact)) is not { } artifact)
        {
            throw NotFound();
        }

        // It may have been replaced since the task was read.
        if (!File.Exists(files.PathOf(artifact.Key)))
        {
            LogMissing(logger, artifact.Key);
            throw NotFound();
        }

        // Whoever wrote it chose the media type: a browser must save it, and run nothing of it.
        response.Headers.XContentTypeOptions = "nosniff";
        response.Headers.ContentSecurityPolicy = "default-src 'none'; sandbox";
        response.Headers.CacheControl = "private, no-cache";
        return TypedResults.PhysicalFile(files.PathOf(artifact.Key), artifact.ContentType, artifact.Name,
            artifact.CreatedAt, new EntityTagHeaderValue($"\"{artifact.Sha256}\""), enableRangeProcessing: true);
    }

    private static ProblemException NotFound() => new("artifact-not-found", StatusCodes.Status404NotFound, "The task has no artifact of this name.");

    [LoggerMessage(LogLevel.Warning, "The file {Key} of an artifact is not in the store")]
    private static partial void LogMissing(ILogger logger, string key);
}
