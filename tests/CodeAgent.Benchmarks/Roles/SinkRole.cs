using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.Benchmarks.Roles;

/// <summary>Takes OTLP over gRPC, counts it and throws it away.</summary>
internal static class SinkRole
{
    public const string Name = "role-sink";
    private static readonly byte[] EmptyAnswer = new byte[5];
    private static long _spans;
    private static long _bytes;

    public static Task<int> RunAsync(string port)
    {
        var app = RoleHost.Bare(port, HttpProtocols.Http2).Build();
        app.Run(HandleAsync);
        return RoleHost.RunAsync(app);
    }

    private static async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path == "/stats")
        {
            await http.Response.WriteAsync($"{Interlocked.Read(ref _spans)} {Interlocked.Read(ref _bytes)}", http.RequestAborted);
            return;
        }

        using var body = new MemoryStream();
        await http.Request.Body.CopyToAsync(body, http.RequestAborted);
        Interlocked.Add(ref _bytes, body.Length);
        if (http.Request.Path.StartsWithSegments("/opentelemetry.proto.collector.trace.v1.TraceService"))
        {
            // A gRPC message has a prefix of five bytes.
            Interlocked.Add(ref _spans, SpanCount.Read(body.GetBuffer().AsSpan(0, (int)body.Length)[Math.Min(5, (int)body.Length)..]));
        }

        http.Response.ContentType = "application/grpc";
        http.Response.AppendTrailer("grpc-status", "0");
        await http.Response.BodyWriter.WriteAsync(EmptyAnswer, http.RequestAborted);
    }
}
