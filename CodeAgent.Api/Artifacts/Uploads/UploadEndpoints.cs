using System.Globalization;
using System.Security.Claims;
using CodeAgent.Api.Leases;
using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;
using CodeAgent.ServiceDefaults.Problems;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Mvc;

namespace CodeAgent.Api.Artifacts.Uploads;

/// <summary>Uploads of artifacts by workers: in one request, or in parts by draft-ietf-httpbis-resumable-upload-11.</summary>
internal static class UploadEndpoints
{
    /// <summary>Adds them to what is done under a lease.</summary>
    public static RouteGroupBuilder MapUploads(this RouteGroupBuilder held)
    {
        held.MapPut("/artifacts/{name}", StoreAsync).WithSummary("Store an artifact")
            .WithDescription("In one request; or, with Upload-Complete: ?0 and Upload-Length, in parts that can be gone on with where they break off: then the answer's Location is the upload.")
            .WithMetadata(new DisableRequestSizeLimitAttribute()).Accepts<Stream>("*/*").Produces<ArtifactView>().Produces(StatusCodes.Status201Created);
        held.MapMethods("/artifacts/{name}", [HttpMethods.Options], Offer).ExcludeFromDescription();
        held.MapMethods("/uploads/{id:guid}", [HttpMethods.Head], LookAsync).WithSummary("Ask how far an upload is")
            .Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        held.MapPatch("/uploads/{id:guid}", AppendAsync).WithSummary("Go on with an upload")
            .WithDescription("Upload-Offset says where; with Upload-Complete: ?1 this is the rest, and the answer is the artifact.")
            .WithMetadata(new DisableRequestSizeLimitAttribute()).Accepts<Stream>(UploadHeaders.MediaType)
            .Produces<ArtifactView>().Produces(StatusCodes.Status204NoContent).ProducesProblem(StatusCodes.Status404NotFound);
        held.MapDelete("/uploads/{id:guid}", AbandonAsync).WithSummary("Give an upload up").ProducesProblem(StatusCodes.Status404NotFound);
        return held;
    }

    private static async Task<IResult> StoreAsync(
        Guid taskId, string name, HttpContext http, ClaimsPrincipal caller, TaskStore tasks, ArtifactStore files, UploadStore uploads)
    {
        // A look before the upload: nothing is written for a lease that is over already.
        var fence = await tasks.RequireLeaseAsync(taskId, caller);
        if (http.Request.IsComplete() is false)
        {
            return await BeginAsync(new(taskId, fence, name, http.Request.ContentType, http.Request.Bytes(UploadHeaders.Length)), http, uploads);
        }

        return await KeepAsync(fence, taskId, tasks, files, await files.SaveAsync(taskId, name, http.Request.ContentType, http.Request.Body, http.RequestAborted));
    }

    private static async Task<IResult> BeginAsync(UploadRecord record, HttpContext http, UploadStore uploads)
    {
        var id = await uploads.CreateAsync(record, http.RequestAborted);
        await using var upload = await uploads.OpenAsync(id, record.Task, record.Fence, http.RequestAborted) ?? throw UploadProblems.NotFound();
        var state = Describe(upload, http, uploads);
        await upload.AppendAsync(http.Request.Body, http.RequestAborted);
        state.Offset = upload.Offset;
        return TypedResults.Created($"/v1/leases/{record.Task}/uploads/{id}");
    }

    private static async Task<NoContent> LookAsync(Guid taskId, Guid id, HttpContext http, ClaimsPrincipal caller, TaskStore tasks, UploadStore uploads)
    {
        var fence = await tasks.RequireLeaseAsync(taskId, caller);
        await using var upload = await uploads.OpenAsync(id, taskId, fence, http.RequestAborted) ?? throw UploadProblems.NotFound();
        Describe(upload, http, uploads);
        http.Response.Headers[UploadHeaders.Length] = upload.Record.Length.ToString(CultureInfo.InvariantCulture);
        http.Response.Headers.CacheControl = "no-store";
        return TypedResults.NoContent();
    }

    private static async Task<IResult> AppendAsync(
        Guid taskId, Guid id, HttpContext http, ClaimsPrincipal caller, TaskStore tasks, ArtifactStore files, UploadStore uploads)
    {
        var fence = await tasks.RequireLeaseAsync(taskId, caller);
        if (http.Request.ContentType?.Equals(UploadHeaders.MediaType, StringComparison.OrdinalIgnoreCase) is not true)
        {
            throw new ProblemException("unsupported-media-type", StatusCodes.Status415UnsupportedMediaType, $"A part of an upload is sent with Content-Type: {UploadHeaders.MediaType}.");
        }

        var offset = http.Request.Bytes(UploadHeaders.Offset);
        var isRest = http.Request.IsComplete() ?? throw TaskProblems.Invalid(UploadHeaders.Complete, $"The header {UploadHeaders.Complete} is ?1 where this is the rest, and ?0 where it is not.");
        await using var upload = await uploads.OpenAsync(id, taskId, fence, http.RequestAborted) ?? throw UploadProblems.NotFound();
        var state = Describe(upload, http, uploads);
        if (offset != upload.Offset)
        {
            throw UploadProblems.OtherOffset(upload.Offset);
        }

        await upload.AppendAsync(http.Request.Body, http.RequestAborted);
        state.Offset = upload.Offset;
        if (!isRest)
        {
            return TypedResults.NoContent();
        }

        if (upload.Offset != upload.Record.Length)
        {
            upload.Remove();
            throw UploadProblems.OtherLength();
        }

        state.Complete = true;
        return await KeepAsync(fence, taskId, tasks, files, await upload.FinishAsync(http.RequestAborted));
    }

    private static async Task<NoContent> AbandonAsync(Guid taskId, Guid id, HttpContext http, ClaimsPrincipal caller, TaskStore tasks, UploadStore uploads)
    {
        var fence = await tasks.RequireLeaseAsync(taskId, caller);
        await using var upload = await uploads.OpenAsync(id, taskId, fence, http.RequestAborted) ?? throw UploadProblems.NotFound();
        upload.Remove();
        return TypedResults.NoContent();
    }

    private static async Task<NoContent> Offer(Guid taskId, string name, HttpContext http, ClaimsPrincipal caller, TaskStore tasks, UploadStore uploads)
    {
        ArtifactName.Require(name);
        await tasks.RequireLeaseAsync(taskId, caller);
        http.Response.Headers.Allow = "GET, PUT, OPTIONS";
        http.Response.Headers["Accept-Patch"] = UploadHeaders.MediaType;
        http.Response.Headers[UploadHeaders.Limit] = uploads.Limit;
        return TypedResults.NoContent();
    }

    private static async Task<Ok<ArtifactView>> KeepAsync(long fence, Guid task, TaskStore tasks, ArtifactStore files, StoredArtifact artifact)
    {
        var decision = await tasks.ChangeAsync(task, new TaskCommand.StoreArtifact(fence, artifact));
        if (decision is Decision.Refused)
        {
            await files.DeleteAsync(artifact.Key);
        }

        decision.Require();
        return TypedResults.Ok(artifact.ToView());
    }

    private static UploadState Describe(Upload upload, HttpContext http, UploadStore uploads)
    {
        var state = new UploadState { Offset = upload.Offset, Limit = uploads.Limit };
        http.Response.Describe(state);
        return state;
    }

    private static async Task<long> RequireLeaseAsync(this TaskStore tasks, Guid id, ClaimsPrincipal caller)
    {
        var fence = caller.FenceFor(id);
        return await tasks.FindAsync(id) is { Lease: not null } task && task.Fence == fence ? fence : throw LeaseCaller.Lost();
    }
}
