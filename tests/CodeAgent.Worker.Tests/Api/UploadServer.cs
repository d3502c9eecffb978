using System.Collections.Concurrent;
using System.Globalization;
using CodeAgent.Testing;
using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Hosting;
using Microsoft.AspNetCore.Http;
using Microsoft.Extensions.Logging;

namespace CodeAgent.Worker.Tests.Api;

/// <summary>The Api's side of one upload, by hand: it breaks off where it is told to.</summary>
internal sealed class UploadServer : IAsyncDisposable
{
    private const string Upload = "/v1/uploads/1";
    private WebApplication _app = null!;

    public Uri Address { get; } = new($"http://127.0.0.1:{FreePort.Next()}");

    /// <summary>What came so far.</summary>
    public MemoryStream Content { get; } = new();

    /// <summary>The requests: method, and where a part begins.</summary>
    public ConcurrentQueue<string> Requests { get; } = new();

    /// <summary>Bytes of content that were received, those that were thrown away included.</summary>
    public long Received { get; private set; }

    /// <summary>Cuts the next part after so many bytes.</summary>
    public long? CutAfter { get; set; }

    /// <summary>Loses what it has at the next cut.</summary>
    public bool Forgets { get; set; }

    /// <summary>Knows nothing of uploads in parts.</summary>
    public bool IsOld { get; init; }

    public static async Task<UploadServer> StartAsync(bool isOld = false)
    {
        var server = new UploadServer { IsOld = isOld };
        var builder = WebApplication.CreateSlimBuilder();
        builder.Logging.ClearProviders();
        builder.WebHost.UseUrls(server.Address.ToString());
        builder.WebHost.ConfigureKestrel(kestrel => kestrel.Limits.MaxRequestBodySize = null);
        server._app = builder.Build();
        server._app.MapPut("/v1/leases/{task:guid}/artifacts/{name}", server.PutAsync);
        server._app.MapMethods(Upload, [HttpMethods.Head], (Delegate)server.Look);
        server._app.MapPatch(Upload, server.AppendAsync);
        await server._app.StartAsync(TestContext.Current.CancellationToken);
        return server;
    }

    public async ValueTask DisposeAsync() => await _app.DisposeAsync();

    private async Task PutAsync(HttpContext http)
    {
        Requests.Enqueue("PUT");
        Content.SetLength(0);
        if (!IsOld && http.Request.Headers["Upload-Complete"] == "?0")
        {
            (http.Response.StatusCode, http.Response.Headers.Location) = (StatusCodes.Status201Created, Upload);
            return;
        }

        await ReceiveAsync(http);
    }

    private IResult Look(HttpContext http)
    {
        Requests.Enqueue("HEAD");
        if (Forgets)
        {
            Forgets = false;
            return Results.NotFound();
        }

        http.Response.Headers["Upload-Offset"] = Content.Length.ToString(CultureInfo.InvariantCulture);
        return Results.NoContent();
    }

    private async Task AppendAsync(HttpContext http)
    {
        var offset = http.Request.Headers["Upload-Offset"].ToString();
        Requests.Enqueue($"PATCH {offset}");
        Assert.Equal(("application/partial-upload", "?1"), (http.Request.ContentType, http.Request.Headers["Upload-Complete"].ToString()));
        if (offset != Content.Length.ToString(CultureInfo.InvariantCulture))
        {
            await Results.Problem("go on elsewhere", statusCode: StatusCodes.Status409Conflict, type: "urn:codeagent:problem:mismatching-upload-offset").ExecuteAsync(http);
            return;
        }

        await ReceiveAsync(http);
    }

    private async Task ReceiveAsync(HttpContext http)
    {
        var buffer = new byte[10_000];
        int read;
        while ((read = await http.Request.Body.ReadAsync(buffer, http.RequestAborted)) > 0)
        {
            Received += read;
            Content.Write(buffer, 0, read);
            if (Content.Length >= CutAfter)
            {
                CutAfter = null;
                http.Abort();
                return;
            }
        }
    }
}
