using System.Buffers;
using System.Buffers.Text;
using System.Diagnostics;
using System.IO.Pipelines;
using Microsoft.AspNetCore.Server.Kestrel.Core;

namespace CodeAgent.Benchmarks.Roles;

/// <summary>The model provider: as little work as a valid answer allows, so that what is measured is the proxy before it.</summary>
internal static class MockRole
{
    public const string Name = "role-mock";
    private static long _asked;
    private static long _left;
    private static TaskCompletionSource _release = new(TaskCreationOptions.RunContinuationsAsynchronously);

    public static Task<int> RunAsync(string port)
    {
        var app = RoleHost.Bare(port, HttpProtocols.Http1).Build();
        app.Run(HandleAsync);
        return RoleHost.RunAsync(app);
    }

    private static async Task HandleAsync(HttpContext http)
    {
        if (http.Request.Path == "/stats")
        {
            await http.Response.WriteAsync($"{Interlocked.Read(ref _asked)} {Interlocked.Read(ref _left)}", http.RequestAborted);
            return;
        }

        if (http.Request.Path == "/release")
        {
            Interlocked.Exchange(ref _release, new(TaskCreationOptions.RunContinuationsAsynchronously)).SetResult();
            return;
        }

        Interlocked.Increment(ref _asked);
        try
        {
            await RoleHost.DrainAsync(http);

            // Six words that differ in their first letter.
            await ((http.Request.Path.Value ?? "") switch
            {
                ['/', 'i', ..] => WholeAsync(http),
                ['/', 't', ..] => WaitAsync(http, MockAnswers.ThinkTime),
                ['/', 's', ..] => WaitAsync(http, MockAnswers.SlowTime),
                ['/', 'h', ..] => HoldAsync(http),
                ['/', 'b', ..] => BurstAsync(http),
                ['/', 'p', ..] => PacedAsync(http),
                _ => NotFoundAsync(http),
            });
        }
        catch (Exception e) when (http.RequestAborted.IsCancellationRequested && e is OperationCanceledException or IOException)
        {
            Interlocked.Increment(ref _left);
        }
    }

    private static async Task WholeAsync(HttpContext http)
    {
        http.Response.ContentType = "application/json";
        http.Response.ContentLength = MockAnswers.Whole.Length;
        await http.Response.BodyWriter.WriteAsync(MockAnswers.Whole, http.RequestAborted);
    }

    private static async Task WaitAsync(HttpContext http, TimeSpan before)
    {
        await Task.Delay(before, http.RequestAborted);
        await WholeAsync(http);
    }

    private static async Task HoldAsync(HttpContext http)
    {
        await Volatile.Read(ref _release).Task.WaitAsync(http.RequestAborted);
        await WholeAsync(http);
    }

    private static async Task BurstAsync(HttpContext http)
    {
        var body = Begin(http);
        for (var i = 0; i < MockAnswers.BurstFrames; i++)
        {
            await SendAsync(body, MockAnswers.Frame, http);
        }

        await SendAsync(body, MockAnswers.End, http);
    }

    private static async Task PacedAsync(HttpContext http)
    {
        var body = Begin(http);
        using var pace = new PeriodicTimer(MockAnswers.Pace);
        for (var i = 0; i < MockAnswers.PacedFrames; i++)
        {
            body.Write(MockAnswers.StampHead);
            Utf8Formatter.TryFormat(Stopwatch.GetTimestamp(), body.GetSpan(20), out var digits);
            body.Advance(digits);
            await SendAsync(body, MockAnswers.StampTail, http);
            await pace.WaitForNextTickAsync(http.RequestAborted);
        }

        await SendAsync(body, MockAnswers.End, http);
    }

    private static PipeWriter Begin(HttpContext http)
    {
        http.Response.ContentType = "text/event-stream; charset=utf-8";
        return http.Response.BodyWriter;
    }

    // That the caller is gone shows in the token, not in an exception.
    private static async Task SendAsync(PipeWriter body, byte[] bytes, HttpContext http)
    {
        await body.WriteAsync(bytes, http.RequestAborted);
        http.RequestAborted.ThrowIfCancellationRequested();
    }

    private static Task NotFoundAsync(HttpContext http)
    {
        http.Response.StatusCode = StatusCodes.Status404NotFound;
        return Task.CompletedTask;
    }
}
