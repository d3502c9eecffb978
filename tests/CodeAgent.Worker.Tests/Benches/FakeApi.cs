using System.Collections.Concurrent;
using System.Threading.Channels;
using CodeAgent.Contracts;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.Features;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Benches;

/// <summary>The Api as workers see it, by hand: it keeps what it is told, and can go away, forget to answer, and take leases back.</summary>
internal sealed class FakeApi : IAsyncDisposable
{
    public const string WorkerKey = "ca_worker";
    private readonly Channel<Lease> _offers = Channel.CreateUnbounded<Lease>();
    private readonly ConcurrentDictionary<Guid, FakeTask> _tasks = new();
    private int _forget;
    private WebApplication? _app;

    public string Url { get; } = $"http://127.0.0.1:{FreePort.Next()}";

    public ConcurrentQueue<ClaimRequest> Claims { get; } = new();

    public async Task StartAsync()
    {
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(Url);
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        _app = builder.Build();
        _app.Use(ForgetAsync);
        _app.MapPost("/v1/leases", (Delegate)ClaimAsync);
        var lease = _app.MapGroup("/v1/leases/{taskId:guid}");
        lease.AddEndpointFilter(async (context, next) => Refusal(context.HttpContext) ?? await next(context));
        lease.MapPost("/heartbeat", (Guid taskId, HttpContext http) => _tasks[taskId].HeartbeatAsync(http));
        lease.MapPost("/events", (Guid taskId, HttpContext http) => _tasks[taskId].AppendAsync(http));
        lease.MapPut("/checkpoint", (Guid taskId, HttpContext http) => _tasks[taskId].CheckpointAsync(http));
        lease.MapPut("/work", (Guid taskId, HttpContext http) => _tasks[taskId].WorkAsync(http));
        lease.MapPut("/artifacts/{name}", (Guid taskId, string name, HttpContext http) => _tasks[taskId].StoreAsync(name, http));
        lease.MapGet("/artifacts/{name}", (Guid taskId, string name) => Results.Bytes(_tasks[taskId].Artifacts[name]));
        lease.MapPost("/close", (Guid taskId, HttpContext http) => _tasks[taskId].CloseAsync(http));
        lease.MapPost("/complete", (Guid taskId, HttpContext http) => _tasks[taskId].CompleteAsync(http));
        lease.MapPost("/release", (Guid taskId, HttpContext http) => _tasks[taskId].ReleaseAsync(http));
        await _app.StartAsync(TestContext.Current.CancellationToken);
    }

    /// <summary>Goes away at once, with whatever was under way.</summary>
    public async Task StopAsync()
    {
        using var now = new CancellationTokenSource();
        await now.CancelAsync();
        await _app!.StopAsync(now.Token);
        await _app.DisposeAsync();
        _app = null;
    }

    /// <summary>Puts a lease into the queue.</summary>
    public FakeTask Offer(Lease lease, Action<FakeTask>? before = null)
    {
        var task = new FakeTask(lease);
        before?.Invoke(task);
        _tasks[lease.TaskId] = task;
        Assert.True(_offers.Writer.TryWrite(lease));
        return task;
    }

    /// <summary>Carries out the next requests, but cuts the line instead of answering every second of them.</summary>
    public void Forget(int requests) => _forget = requests;

    public async ValueTask DisposeAsync()
    {
        if (_app is not null)
        {
            await StopAsync();
        }
    }

    private async Task ForgetAsync(HttpContext http, RequestDelegate next)
    {
        var routine = http.Request.Path == "/v1/leases" || http.Request.Path.Value!.EndsWith("/heartbeat", StringComparison.Ordinal);
        if (routine || Interlocked.Decrement(ref _forget) is var left && (left < 0 || left % 2 == 0))
        {
            await next(http);
            return;
        }

        var body = http.Features.Get<IHttpResponseBodyFeature>()!;
        http.Features.Set<IHttpResponseBodyFeature>(new StreamResponseBodyFeature(Stream.Null));
        await next(http);
        http.Features.Set(body);
        http.Abort();
    }

    private async Task<IResult> ClaimAsync(HttpContext http)
    {
        if (http.Request.Headers.Authorization != $"Bearer {WorkerKey}")
        {
            return Results.Problem("no such key", statusCode: 401);
        }

        var claim = (await http.Request.ReadFromJsonAsync(ContractsJson.Default.ClaimRequest))!;
        Claims.Enqueue(claim);
        using var wait = CancellationTokenSource.CreateLinkedTokenSource(http.RequestAborted);
        wait.CancelAfter(TimeSpan.FromSeconds(claim.WaitSeconds));
        try
        {
            return Results.Json(await _offers.Reader.ReadAsync(wait.Token), ContractsJson.Default.Lease);
        }
        catch (OperationCanceledException)
        {
            return Results.NoContent();
        }
    }

    private IResult? Refusal(HttpContext http)
    {
        var task = _tasks.GetValueOrDefault(Guid.Parse((string)http.Request.RouteValues["taskId"]!));
        return task is null || http.Request.Headers.Authorization != $"Bearer {task.Lease.Token}" ? Results.Problem("no such lease", statusCode: 401) : task.Refusal(http);
    }
}
