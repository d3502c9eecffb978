using CodeAgent.Api.Tasks;
using CodeAgent.Contracts;

namespace CodeAgent.Api.Leases;

/// <summary>Hands a lease to its worker, or puts the task back where the worker has left meanwhile.</summary>
internal sealed class GrantedLease(Lease lease, TaskStore tasks) : IResult
{
    public async Task ExecuteAsync(HttpContext httpContext)
    {
        var left = httpContext.RequestAborted;
        if (!left.IsCancellationRequested)
        {
            try
            {
                httpContext.Response.Headers.CacheControl = "no-store";
                await httpContext.Response.WriteAsJsonAsync(lease, ContractsJson.Default.Lease, cancellationToken: left);
                return;
            }
            catch (Exception e) when (e is OperationCanceledException or IOException)
            {
                // The worker left before it had the whole lease; that is what the next lines are for.
            }
        }

        await tasks.ChangeAsync(lease.TaskId, new TaskCommand.Release(lease.Fence, "the worker left before it had the lease"));
    }
}
